import type { StreamEvent, Value } from "../stream.ts";
import {
  type AggregateExpression,
  type ComparisonOperator,
  type Expression,
  type FieldExpression,
  TIME_FIELD,
  TYPE_FIELD,
} from "./expression.ts";
import { compileRegex } from "./regex.ts";

/** The part of an event that conditions read. */
export type Readable = Pick<StreamEvent, "type" | "at" | "values">;

/**
 * What closures read. One object is reused for all evaluations of an engine: conditions are
 * evaluated to the end before the next one starts, and nothing is kept.
 */
export type Evaluation = {
  event: Readable;
  /** The other side of a join, or the table row that was valid at the event's time. */
  left: Readable | undefined;
  table: Readable | undefined;
  /** Values of window aggregates by slot, and whatever else a resolver reads. */
  aggregates: readonly number[];
  /** The partial match that is being extended. */
  run: unknown;
  /** Set when a missing field was read since it was last cleared. */
  missing: boolean;
};

/** 1 true, 0 false, -1 error: errors are values, so that hot code never throws. */
export type Truth = -1 | 0 | 1;
export type BooleanFunction = (evaluation: Evaluation) => Truth;
/** NaN is an error. */
export type NumberFunction = (evaluation: Evaluation) => number;
export type ValueFunction = (evaluation: Evaluation) => Value;

/** Tells where values come from that are not simply fields of the event. */
export type Resolver = {
  readonly aggregate: (node: AggregateExpression) => ValueFunction;
  /** The same as a number, where the resolver has a shorter way. */
  readonly number?: (node: AggregateExpression) => NumberFunction | undefined;
  /** Position of a field among the values of what is read. */
  readonly position: (node: FieldExpression) => number;
};

/** The closure of a condition; `&&` and `||` absorb errors on either side, as CEL has it. */
export function compileBoolean(node: Expression, resolve: Resolver): BooleanFunction {
  switch (node.kind) {
    case "literal": {
      const truth = node.value === true ? 1 : 0;
      return () => truth;
    }
    case "logic":
      return compileLogic(node.operator, [
        compileBoolean(node.left, resolve),
        compileBoolean(node.right, resolve),
      ]);
    case "not": {
      const argument = compileBoolean(node.argument, resolve);
      return (e) => {
        const truth = argument(e);
        return truth === -1 ? -1 : truth === 1 ? 0 : 1;
      };
    }
    case "compare":
      return compileComparison(node, resolve);
    case "has": {
      const field = compileField(node.field, resolve);
      return (e) => (field(e) === undefined ? 0 : 1);
    }
    case "in": {
      const item = compileValue(node.item, resolve);
      const list = new Set<Value>(node.list);
      return (e) => {
        const value = item(e);
        return value === undefined || Number.isNaN(value) ? -1 : list.has(value) ? 1 : 0;
      };
    }
    case "text":
      return compileText(node, resolve);
    default:
      return fromValue(compileValue(node, resolve));
  }
}

function fromValue(value: ValueFunction): BooleanFunction {
  return (e) => {
    const v = value(e);
    return v === true ? 1 : v === false ? 0 : -1;
  };
}

function compileLogic(
  operator: "&&" | "||",
  [left, right]: readonly [BooleanFunction, BooleanFunction],
): BooleanFunction {
  const decisive: Truth = operator === "&&" ? 0 : 1;
  return (e) => {
    const first = left(e);
    if (first === decisive) return decisive;
    const second = right(e);
    if (second === decisive) return decisive;
    return first === -1 ? -1 : second;
  };
}

function compileComparison(
  node: Extract<Expression, { kind: "compare" }>,
  resolve: Resolver,
): BooleanFunction {
  const { type } = node.left;
  if (type === "string" || type === "bool") return compileValueComparison(node, resolve);
  const { left: subject, right: other } = node;
  if (other.kind === "literal" && isEventNumber(subject)) {
    return compareField(node.operator, subject.index, Number(other.value));
  }
  const left = compileNumber(subject, resolve);
  if (other.kind === "literal") {
    return compareWithLiteral(node.operator, left, Number(other.value));
  }
  const right = compileNumber(other, resolve);
  return compareNumbers(node.operator, left, right);
}

function isEventNumber(node: Expression): node is FieldExpression {
  return node.kind === "field" && node.source === "event" && node.index >= 0;
}

/** The commonest case, a field against a limit: no closure call within. */
function compareField(operator: ComparisonOperator, index: number, limit: number): BooleanFunction {
  const holds = comparison(operator);
  switch (operator) {
    case ">":
      return (e) => {
        const value = e.event.values[index];
        return typeof value === "number" ? (value > limit ? 1 : 0) : notThere(e);
      };
    case ">=":
      return (e) => {
        const value = e.event.values[index];
        return typeof value === "number" ? (value >= limit ? 1 : 0) : notThere(e);
      };
    case "<":
      return (e) => {
        const value = e.event.values[index];
        return typeof value === "number" ? (value < limit ? 1 : 0) : notThere(e);
      };
    default:
      return (e) => {
        const value = e.event.values[index];
        return typeof value === "number" ? (holds(value, limit) ? 1 : 0) : notThere(e);
      };
  }
}

function notThere(e: Evaluation): Truth {
  e.missing = true;
  return -1;
}

/** The common case, a number against a limit: one closure call less. */
function compareWithLiteral(
  operator: ComparisonOperator,
  left: NumberFunction,
  limit: number,
): BooleanFunction {
  const holds = comparison(operator);
  switch (operator) {
    case ">":
      return (e) => {
        const a = left(e);
        return a > limit ? 1 : a <= limit ? 0 : -1;
      };
    case ">=":
      return (e) => {
        const a = left(e);
        return a >= limit ? 1 : a < limit ? 0 : -1;
      };
    case "<":
      return (e) => {
        const a = left(e);
        return a < limit ? 1 : a >= limit ? 0 : -1;
      };
    default:
      return (e) => {
        const a = left(e);
        return Number.isNaN(a) ? -1 : holds(a, limit) ? 1 : 0;
      };
  }
}

function compareNumbers(
  operator: ComparisonOperator,
  left: NumberFunction,
  right: NumberFunction,
): BooleanFunction {
  const holds = comparison(operator);
  return (e) => {
    const a = left(e);
    const b = right(e);
    return Number.isNaN(a) || Number.isNaN(b) ? -1 : holds(a, b) ? 1 : 0;
  };
}

function compileValueComparison(
  node: Extract<Expression, { kind: "compare" }>,
  resolve: Resolver,
): BooleanFunction {
  const left = compileValue(node.left, resolve);
  const right = compileValue(node.right, resolve);
  const holds = comparison(node.operator);
  return (e) => {
    const a = left(e);
    const b = right(e);
    return a === undefined || b === undefined ? -1 : holds(a, b) ? 1 : 0;
  };
}

function comparison(
  operator: ComparisonOperator,
): (a: NonNullable<Value>, b: NonNullable<Value>) => boolean {
  switch (operator) {
    case "==":
      return (a, b) => a === b;
    case "!=":
      return (a, b) => a !== b;
    case "<":
      return (a, b) => a < b;
    case "<=":
      return (a, b) => a <= b;
    case ">":
      return (a, b) => a > b;
    case ">=":
      return (a, b) => a >= b;
  }
}

function compileText(
  node: Extract<Expression, { kind: "text" }>,
  resolve: Resolver,
): BooleanFunction {
  const subject = compileValue(node.subject, resolve);
  const test = textTest(node.fn, node.argument);
  return (e) => {
    const value = subject(e);
    return typeof value === "string" ? (test(value) ? 1 : 0) : -1;
  };
}

function textTest(
  fn: Extract<Expression, { kind: "text" }>["fn"],
  argument: string,
): (subject: string) => boolean {
  switch (fn) {
    case "contains":
      return (subject) => subject.includes(argument);
    case "startsWith":
      return (subject) => subject.startsWith(argument);
    case "endsWith":
      return (subject) => subject.endsWith(argument);
    case "matches":
      return compileRegex(argument);
  }
}

/** The closure of a numeric expression; missing values and divisions by zero give NaN. */
export function compileNumber(node: Expression, resolve: Resolver): NumberFunction {
  switch (node.kind) {
    case "literal": {
      const value = Number(node.value);
      return () => value;
    }
    case "arithmetic":
      return compileArithmetic(node, resolve);
    case "negate": {
      const argument = compileNumber(node.argument, resolve);
      return (e) => -argument(e);
    }
    case "field":
      if (isEventNumber(node)) return compileEventNumber(node.index);
      break;
    case "aggregate": {
      const number = resolve.number?.(node);
      if (number !== undefined) return number;
      break;
    }
    case "size": {
      const subject = compileValue(node.subject, resolve);
      return (e) => {
        const value = subject(e);
        return typeof value === "string" ? value.length : Number.NaN;
      };
    }
    case "time": {
      const subject = compileNumber(node.subject, resolve);
      const part = timePart(node.fn);
      return (e) => part(subject(e));
    }
    default:
  }
  const value = compileValue(node, resolve);
  return (e) => {
    const v = value(e);
    return typeof v === "number" ? v : Number.NaN;
  };
}

function compileEventNumber(index: number): NumberFunction {
  return (e) => {
    const value = e.event.values[index];
    if (typeof value === "number") return value;
    e.missing = true;
    return Number.NaN;
  };
}

function timePart(fn: Extract<Expression, { kind: "time" }>["fn"]): (at: number) => number {
  switch (fn) {
    case "getHours":
      return (at) => new Date(at).getUTCHours();
    case "getMinutes":
      return (at) => new Date(at).getUTCMinutes();
    case "getDayOfWeek":
      return (at) => new Date(at).getUTCDay();
  }
}

function compileArithmetic(
  node: Extract<Expression, { kind: "arithmetic" }>,
  resolve: Resolver,
): NumberFunction {
  const left = compileNumber(node.left, resolve);
  const right = compileNumber(node.right, resolve);
  switch (node.operator) {
    case "+":
      return (e) => left(e) + right(e);
    case "-":
      return (e) => left(e) - right(e);
    case "*":
      return (e) => left(e) * right(e);
    case "%":
      return (e) => left(e) % right(e);
    case "/": {
      const whole = node.type === "int";
      return (e) => {
        const divisor = right(e);
        if (divisor === 0) return Number.NaN;
        const quotient = left(e) / divisor;
        return whole ? Math.trunc(quotient) : quotient;
      };
    }
  }
}

/** The closure of any expression; `undefined` is an error. */
export function compileValue(node: Expression, resolve: Resolver): ValueFunction {
  switch (node.kind) {
    case "literal": {
      const { value } = node;
      return () => value;
    }
    case "field":
      return compileField(node, resolve);
    case "aggregate":
      return resolve.aggregate(node);
    case "choose": {
      const condition = compileBoolean(node.condition, resolve);
      const yes = compileValue(node.yes, resolve);
      const no = compileValue(node.no, resolve);
      return (e) => {
        const truth = condition(e);
        return truth === -1 ? undefined : truth === 1 ? yes(e) : no(e);
      };
    }
    case "arithmetic":
    case "negate":
    case "size":
    case "time": {
      const number = compileNumber(node, resolve);
      return (e) => {
        const value = number(e);
        return Number.isNaN(value) ? undefined : value;
      };
    }
    default: {
      const truth = compileBoolean(node, resolve);
      return (e) => {
        const value = truth(e);
        return value === -1 ? undefined : value === 1;
      };
    }
  }
}

function compileField(node: FieldExpression, resolve: Resolver): ValueFunction {
  const { source } = node;
  const index = resolve.position(node);
  return (e) => {
    const record = source === "event" ? e.event : source === "left" ? e.left : e.table;
    const value = record === undefined ? undefined : readField(record, index);
    if (value === undefined) e.missing = true;
    return value;
  };
}

/** A field of an event by index, pseudo-fields included. */
export function readField(record: Readable, index: number): Value {
  if (index === TYPE_FIELD) return record.type;
  if (index === TIME_FIELD) return record.at;
  return record.values[index];
}
