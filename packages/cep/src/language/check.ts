import { type ASTNode, parse } from "@marcbachmann/cel-js";
import { checkCall, checkMethod } from "./check-calls.ts";
import {
  article,
  type CheckContext,
  CheckFailure,
  checkField,
  unknownName,
} from "./check-context.ts";
import {
  type ArithmeticOperator,
  type ComparisonOperator,
  type Expression,
  TYPE_FIELD,
  type Type,
} from "./expression.ts";
import { parseMoney } from "./money.ts";
import type { Problem, Scope } from "./scope.ts";
import { didYouMean } from "./suggest.ts";

/**
 * Parses a CEL condition and types it: money literals are widened, fields, functions and event
 * types must exist. Returns the expression, or the problems found (one per operand of `&&`/`||`).
 */
export function checkCondition(text: string, scope: Scope): Expression | readonly Problem[] {
  const problems: Problem[] = [];
  let ast: ASTNode;
  try {
    ast = parse(text).ast;
  } catch (error) {
    return [syntaxProblem(error, text)];
  }
  const expression = checkOperands(ast, { scope, text, check: checkNode }, problems);
  if (expression === undefined) return problems;
  if (expression.type === "bool") return expression;
  const message = `A condition must be true or false, this is ${article(expression.type)}.`;
  return [{ start: 0, end: text.length, message }];
}

function syntaxProblem(error: unknown, text: string): Problem {
  const { range, summary } = error as { range?: Problem; summary?: string };
  const message = summary ?? (error as Error).message.split("\n")[0] ?? "";
  return {
    start: Math.min(range?.start ?? 0, text.length),
    end: range?.end ?? text.length,
    message: `This is no valid condition: ${message}.`,
  };
}

/** Checks both sides of logical operators even when one has a problem: all errors at once. */
function checkOperands(
  node: ASTNode,
  context: CheckContext,
  problems: Problem[],
): Expression | undefined {
  if (node.op === "&&" || node.op === "||") {
    const left = checkOperands(node.args[0], context, problems);
    const right = checkOperands(node.args[1], context, problems);
    if (left === undefined || right === undefined) return undefined;
    for (const [side, ast] of [[left, node.args[0]] as const, [right, node.args[1]] as const]) {
      if (side.type === "bool") continue;
      const message = `"${node.op}" joins conditions, this is ${article(side.type)}.`;
      problems.push({ start: ast.start, end: ast.end, message });
      return undefined;
    }
    return { kind: "logic", type: "bool", operator: node.op, left, right };
  }
  try {
    return checkNode(node, context);
  } catch (error) {
    if (!(error instanceof CheckFailure)) throw error;
    problems.push(error.problem);
    return undefined;
  }
}

/** Types one node; throws {@link CheckFailure}. */
function checkNode(node: ASTNode, context: CheckContext): Expression {
  switch (node.op) {
    case "value":
      return checkLiteral(node, context);
    case "id":
      throw new CheckFailure(node, unknownName(node.args, context.scope));
    case ".":
      return checkField(node, context);
    case "call":
      return checkCall(node, context);
    case "rcall":
      return checkMethod(node, context);
    case "!_":
      return { kind: "not", type: "bool", argument: expectType(node.args, "bool", context) };
    case "-_":
      return checkNegation(node, context);
    case "&&":
    case "||":
      return {
        kind: "logic",
        type: "bool",
        operator: node.op,
        left: expectType(node.args[0], "bool", context),
        right: expectType(node.args[1], "bool", context),
      };
    case "?:":
      return checkChoice(node, context);
    case "in":
      return checkMembership(node, context);
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return checkComparison(node, node.op, context);
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      return checkArithmetic(node, node.op, context);
    default:
      throw new CheckFailure(
        node,
        `"${context.text.slice(node.start, node.end)}" has no place here: lists, maps and indexes are not part of the rule language.`,
      );
  }
}

function expectType(node: ASTNode, type: Type, context: CheckContext): Expression {
  const expression = checkNode(node, context);
  if (expression.type === type) return expression;
  throw new CheckFailure(node, `Expected ${article(type)}, found ${article(expression.type)}.`);
}

type Node<Op> = Extract<ASTNode, { readonly op: Op }>;

function checkLiteral(node: Node<"value">, context: CheckContext): Expression {
  const value = node.args;
  if (typeof value === "string") return { kind: "literal", type: "string", value };
  if (typeof value === "boolean") return { kind: "literal", type: "bool", value };
  if (typeof value === "number") return { kind: "literal", type: "double", value };
  if (typeof value === "bigint" && Number.isSafeInteger(Number(value))) {
    return { kind: "literal", type: "int", value: Number(value) };
  }
  const text = context.text.slice(node.start, node.end);
  throw new CheckFailure(node, `"${text}" is no value of the rule language.`);
}

function checkNegation(node: Node<"-_">, context: CheckContext): Expression {
  const argument = checkNode(node.args, context);
  if (argument.kind === "literal" && typeof argument.value === "number") {
    return { kind: "literal", type: argument.type, value: -argument.value };
  }
  if (isNumeric(argument.type) || argument.type === "duration") {
    return { kind: "negate", type: argument.type, argument };
  }
  throw new CheckFailure(node, `"-" needs a number, this is ${article(argument.type)}.`);
}

function isNumeric(type: Type): boolean {
  return type === "int" || type === "double" || type === "money";
}

function checkChoice(node: Node<"?:">, context: CheckContext): Expression {
  const condition = expectType(node.args[0], "bool", context);
  const [yes, no] = widenPair(node.args[1], node.args[2], context);
  if (yes.type === no.type) return { kind: "choose", type: yes.type, condition, yes, no };
  throw new CheckFailure(
    node,
    `Both branches must have one type, these are ${article(yes.type)} and ${article(no.type)}.`,
  );
}

function checkMembership(node: Node<"in">, context: CheckContext): Expression {
  const item = checkNode(node.args[0], context);
  const list = node.args[1];
  if (list.op !== "list") {
    throw new CheckFailure(list, '"in" needs a list of literals, as in tx.type in ["a", "b"].');
  }
  const values = list.args.map((entry) => {
    const value = widen({ expression: checkNode(entry, context), node: entry }, item.type, context);
    if (value.kind !== "literal") throw new CheckFailure(entry, "Expected a literal.");
    if (value.type !== item.type) {
      throw new CheckFailure(
        entry,
        `Expected ${article(item.type)}, found ${article(value.type)}.`,
      );
    }
    checkEventType(item, value, { node: entry, scope: context.scope });
    return value.value;
  });
  return { kind: "in", type: "bool", item, list: values };
}

type Operand = { readonly expression: Expression; readonly node: ASTNode };

/** A literal number beside money becomes minor units, read from its own digits. */
function widen(operand: Operand, type: Type, context: CheckContext): Expression {
  const { expression, node } = operand;
  if (expression.kind !== "literal" || typeof expression.value !== "number") return expression;
  if (type === "double" && expression.type === "int") return { ...expression, type };
  if (type !== "money" || expression.type === "money") return expression;
  const text = context.text.slice(node.start, node.end).replace(/\s+/g, "");
  const { currency } = context.scope.stream;
  const value = parseMoney(text, currency);
  if (value !== undefined) return { kind: "literal", type: "money", value };
  throw new CheckFailure(node, `"${text}" is no amount of ${currency}.`);
}

function widenPair(
  left: ASTNode,
  right: ASTNode,
  context: CheckContext,
): readonly [Expression, Expression] {
  const a = checkNode(left, context);
  const b = checkNode(right, context);
  return [
    widen({ expression: a, node: left }, b.type, context),
    widen({ expression: b, node: right }, a.type, context),
  ];
}

function comparable(a: Type, b: Type): boolean {
  const number = (type: Type): boolean => type === "int" || type === "double";
  return a === b || (number(a) && number(b));
}

function checkComparison(
  node: Node<ComparisonOperator>,
  operator: ComparisonOperator,
  context: CheckContext,
): Expression {
  const [left, right] = widenPair(node.args[0], node.args[1], context);
  if (!comparable(left.type, right.type)) {
    throw new CheckFailure(
      node,
      `"${operator}" cannot compare ${article(left.type)} with ${article(right.type)}.`,
    );
  }
  const ordered = operator !== "==" && operator !== "!=";
  if (ordered && left.type === "bool") {
    throw new CheckFailure(node, `"${operator}" needs an order, a bool has none.`);
  }
  checkEventType(left, right, { node, scope: context.scope });
  checkEventType(right, left, { node, scope: context.scope });
  return { kind: "compare", type: "bool", operator, left, right };
}

/** `tx.type == "refnd"` can never hold: the stream's types are known. */
function checkEventType(
  field: Expression,
  literal: Expression,
  where: { readonly node: ASTNode; readonly scope: Scope },
): void {
  if (field.kind !== "field" || field.index !== TYPE_FIELD || literal.kind !== "literal") return;
  const { types } = where.scope.stream;
  const name = String(literal.value);
  if (types.includes(name)) return;
  throw new CheckFailure(where.node, `Unknown event type "${name}": ${didYouMean(name, types)}`);
}

function checkArithmetic(
  node: Node<ArithmeticOperator>,
  operator: ArithmeticOperator,
  context: CheckContext,
): Expression {
  const additive = operator === "+" || operator === "-";
  const [left, right] = additive
    ? widenPair(node.args[0], node.args[1], context)
    : [checkNode(node.args[0], context), checkNode(node.args[1], context)];
  const type = arithmeticType(operator, left.type, right.type);
  if (type !== undefined) return { kind: "arithmetic", type, operator, left, right };
  throw new CheckFailure(
    node,
    `"${operator}" cannot combine ${article(left.type)} and ${article(right.type)}.`,
  );
}

/** The result type of an operator, or `undefined` where the combination means nothing. */
function arithmeticType(operator: ArithmeticOperator, a: Type, b: Type): Type | undefined {
  const key = `${a} ${operator} ${b}`;
  const special: Readonly<Record<string, Type>> = {
    "money + money": "money",
    "money - money": "money",
    "money / money": "double",
    "timestamp - timestamp": "duration",
    "timestamp + duration": "timestamp",
    "timestamp - duration": "timestamp",
    "duration + duration": "duration",
    "duration - duration": "duration",
    "int % int": "int",
  };
  if (special[key] !== undefined) return special[key];
  if (operator === "%") return undefined;
  const number = (type: Type): boolean => type === "int" || type === "double";
  if (number(a) && number(b)) return a === "int" && b === "int" ? "int" : "double";
  if (operator === "*" && number(a) && (b === "money" || b === "duration")) return b;
  const scalable = a === "money" || a === "duration";
  if ((operator === "*" || operator === "/") && scalable && number(b)) return a;
  return undefined;
}
