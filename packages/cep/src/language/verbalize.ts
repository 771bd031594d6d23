import type { Stream } from "../stream.ts";
import { describeDuration } from "./duration.ts";
import {
  type AggregateExpression,
  type ComparisonOperator,
  type Expression,
  TIME_FIELD,
  TYPE_FIELD,
} from "./expression.ts";
import { formatMoney } from "./money.ts";

/** What the words depend on besides the expression. */
export type Wording = {
  readonly stream: Stream;
  /** "within 60 seconds", for aggregates over the window. */
  readonly window: string;
  /** "over 30 days", for aggregates over the memory. */
  readonly memory: string;
};

const comparisons: Readonly<Record<ComparisonOperator, string>> = {
  "==": "is",
  "!=": "is not",
  "<": "is below",
  "<=": "is at most",
  ">": "is above",
  ">=": "is at least",
};

const calculations: Readonly<Record<string, string>> = {
  "+": "plus",
  "-": "minus",
  "*": "times",
  "/": "divided by",
  "%": "modulo",
};

const aggregateWords: Readonly<Record<string, string>> = {
  sum: "total",
  avg: "average",
  min: "smallest",
  max: "largest",
  stddev: "standard deviation of the",
  first: "first",
  last: "last",
};

/** A value as people write it: money with its currency, durations in words, texts in quotes. */
export function formatValue(value: unknown, type: string, currency: string): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "number") return String(value);
  if (type === "money") return formatMoney(value, currency);
  if (type === "duration") return describeDuration(value);
  if (type === "timestamp") return new Date(value).toISOString();
  return String(type === "double" ? Number(value.toPrecision(6)) : value);
}

/** A condition in English: "the amount is above $100.00 and the merchant is not "m-1"". */
export function describe(node: Expression, wording: Wording): string {
  const say = (child: Expression): string => describe(child, wording);
  switch (node.kind) {
    case "literal":
      return formatValue(node.value, node.type, wording.stream.currency);
    case "field":
      return node.type === "bool"
        ? `${describeField(node.name, node.index)} is true`
        : describeField(node.name, node.index);
    case "aggregate":
      return describeAggregate(node, wording);
    case "has":
      return `${say(node.field)} is known`;
    case "not":
      return `not (${say(node.argument)})`;
    case "negate":
      return `minus ${say(node.argument)}`;
    case "logic":
      return describeLogic(node, wording);
    case "compare":
      return `${say(node.left)} ${comparisons[node.operator]} ${say(node.right)}`;
    case "arithmetic":
      return `${say(node.left)} ${calculations[node.operator]} ${say(node.right)}`;
    case "choose":
      return `${say(node.yes)} if ${say(node.condition)}, else ${say(node.no)}`;
    case "in":
      return `${say(node.item)} is one of ${node.list.map((v) => formatValue(v, node.item.type, wording.stream.currency)).join(", ")}`;
    case "text":
      return `${say(node.subject)} ${textWords[node.fn]} ${JSON.stringify(node.argument)}`;
    case "size":
      return `the length of ${say(node.subject)}`;
    case "time":
      return `${timeWords[node.fn]} of ${say(node.subject)}`;
  }
}

const textWords = {
  contains: "contains",
  startsWith: "starts with",
  endsWith: "ends with",
  matches: "matches",
} as const;
const timeWords = {
  getHours: "the hour (UTC)",
  getMinutes: "the minute",
  getDayOfWeek: "the day of the week (0 = Sunday)",
} as const;

function describeLogic(node: Extract<Expression, { kind: "logic" }>, wording: Wording): string {
  const word = node.operator === "&&" ? "and" : "or";
  const side = (child: Expression): string => {
    const text = describe(child, wording);
    return child.kind === "logic" && child.operator !== node.operator ? `(${text})` : text;
  };
  return `${side(node.left)} ${word} ${side(node.right)}`;
}

function describeField(name: string, index: number): string {
  if (index === TYPE_FIELD) return "its type";
  if (index === TIME_FIELD) return "its time";
  return `the ${fieldWords(name)}`;
}

/** `tx.merchantId` as "merchant id". */
export function fieldWords(name: string): string {
  const field = name.split(".").at(-1) ?? name;
  return field.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

function describeAggregate(node: AggregateExpression, wording: Wording): string {
  const { words, fields } = wording.stream;
  const field = node.field === undefined ? undefined : fields[node.field]?.name;
  const named = field === undefined ? "" : fieldWords(field);
  if (node.scope.kind === "stage") {
    if (node.fn === "count") return `the number of "${node.scope.stage}" ${words.events}`;
    return `the ${aggregateWords[node.fn]} ${named || "value"} of "${node.scope.stage}"`;
  }
  const history = node.scope.kind === "history";
  const span = history ? wording.memory : wording.window;
  if (node.fn === "idle") return `the time since the ${words.key}'s last ${words.event}`;
  if (node.fn === "count") {
    return history
      ? `the number of the ${words.key}'s earlier ${words.events} ${span}`
      : `the number of such ${words.events} ${span}`;
  }
  if (node.fn === "distinct") return `the number of different ${named}s ${span}`;
  const owner = history ? `the ${words.key}'s own ` : "the ";
  return `${owner}${aggregateWords[node.fn]} ${named} ${span}`;
}
