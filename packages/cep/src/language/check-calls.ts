import type { ASTNode } from "@marcbachmann/cel-js";
import {
  article,
  type CheckContext,
  CheckFailure,
  checkField,
  resolveField,
} from "./check-context.ts";
import { parseDuration } from "./duration.ts";
import type {
  AggregateFunction,
  AggregateScope,
  Expression,
  TextFunction,
  TimeFunction,
  Type,
} from "./expression.ts";
import { regexProblem } from "./regex.ts";
import { didYouMean } from "./suggest.ts";

type Call = Extract<ASTNode, { readonly op: "call" }>;
type MethodCall = Extract<ASTNode, { readonly op: "rcall" }>;
type Aggregated = { readonly field: number | undefined; readonly type: Type | undefined };

const windowFunctions = ["count", "sum", "avg", "min", "max", "stddev", "distinct"] as const;
const stageFunctions = ["count", "sum", "avg", "min", "max", "first", "last"] as const;
const historyFunctions = ["count", "sum", "avg", "min", "max", "idle"] as const;
const plainFunctions = ["has", "size", "duration", "timestamp"] as const;
const textFunctions: readonly string[] = ["contains", "startsWith", "endsWith", "matches"];
const timeFunctions: readonly string[] = ["getHours", "getMinutes", "getDayOfWeek"];

function includes<T extends string>(list: readonly T[], name: string): name is T {
  return (list as readonly string[]).includes(name);
}

/** Types `count()`, `sum(tx.amount)`, `max(probe.amount)`, `has(tx.x)`, `duration("5m")`. */
export function checkCall(node: Call, context: CheckContext): Expression {
  const [name, args] = node.args;
  if (name === "has") return checkHas(node, context);
  if (name === "size") {
    const subject = context.check(onlyArgument(node, args), context);
    if (subject.type === "string") return { kind: "size", type: "int", subject };
    throw new CheckFailure(node, `size() measures strings, this is ${article(subject.type)}.`);
  }
  if (name === "duration" || name === "timestamp") return checkConversion(node);
  if (includes(windowFunctions, name) || includes(stageFunctions, name)) {
    return checkAggregate(node, name, context);
  }
  const known = [...plainFunctions, ...windowFunctions, ...stageFunctions];
  throw new CheckFailure(
    node,
    `Unknown function "${name}": ${didYouMean(name, [...new Set(known)])}`,
  );
}

function onlyArgument(node: ASTNode, args: readonly ASTNode[]): ASTNode {
  const [argument] = args;
  if (argument !== undefined && args.length === 1) return argument;
  throw new CheckFailure(node, `Expected one argument, found ${args.length}.`);
}

function checkHas(node: Call, context: CheckContext): Expression {
  const argument = onlyArgument(node, node.args[1]);
  if (argument.op !== ".")
    throw new CheckFailure(argument, "has() asks for a field, as in has(tx.x).");
  return { kind: "has", type: "bool", field: checkField(argument, context) };
}

function checkConversion(node: Call): Expression {
  const [name, args] = node.args;
  const argument = onlyArgument(node, args);
  const text = argument.op === "value" ? argument.args : undefined;
  if (typeof text !== "string") {
    throw new CheckFailure(argument, `${name}() needs a text literal.`);
  }
  const value = name === "duration" ? parseDuration(text) : Date.parse(text);
  if (value !== undefined && Number.isFinite(value)) {
    return { kind: "literal", type: name === "duration" ? "duration" : "timestamp", value };
  }
  const example = name === "duration" ? "60s, 10m, 30d" : "2026-01-31T00:00:00Z";
  throw new CheckFailure(argument, `"${text}" is no ${name}: write it as in ${example}.`);
}

function checkAggregate(
  node: Call,
  fn: (typeof windowFunctions)[number] | (typeof stageFunctions)[number],
  context: CheckContext,
): Expression {
  const { scope } = context;
  const args = node.args[1];
  const stage = args.length === 1 && args[0] !== undefined ? stageOf(args[0], context) : undefined;
  if (stage !== undefined) {
    if (!includes(stageFunctions, fn)) {
      throw new CheckFailure(
        node,
        `${fn}() is not known over stages: use ${stageFunctions.join(", ")}.`,
      );
    }
    return aggregate({ node, fn, context }, { kind: "stage", stage: stage.name }, stage);
  }
  if (!scope.window) {
    const message =
      scope.stages.length > 0
        ? `${fn}() ranges over an earlier stage here: ${scope.stages.join(", ")}.`
        : `${fn}() needs a window: it belongs into "having".`;
    throw new CheckFailure(node, message);
  }
  if (!includes(windowFunctions, fn)) {
    throw new CheckFailure(
      node,
      `${fn}() is not known over windows: use ${windowFunctions.join(", ")}.`,
    );
  }
  return aggregate({ node, fn, context }, { kind: "window" }, aggregatedField(node, fn, context));
}

/** The stage that `probe` or `probe.amount` names, with the field. */
function stageOf(
  node: ASTNode,
  context: CheckContext,
): (Aggregated & { name: string }) | undefined {
  const { stages } = context.scope;
  if (node.op === "id" && stages.includes(node.args)) {
    return { name: node.args, field: undefined, type: undefined };
  }
  if (node.op !== "." || node.args[0].op !== "id") return undefined;
  const name = node.args[0].args;
  if (!stages.includes(name)) return undefined;
  const field = resolveField(node.args[1], context.scope);
  if (field !== undefined) return { name, field: field.index, type: field.type };
  const known = context.scope.stream.fields.map((f) => f.name);
  throw new CheckFailure(
    node,
    `Unknown field "${name}.${node.args[1]}": ${didYouMean(node.args[1], known)}`,
  );
}

function aggregatedField(node: ASTNode, fn: AggregateFunction, context: CheckContext): Aggregated {
  const args = node.op === "call" ? node.args[1] : node.op === "rcall" ? node.args[2] : [];
  if (args.length === 0 && (fn === "count" || fn === "idle")) {
    return { field: undefined, type: undefined };
  }
  if (fn === "idle") throw new CheckFailure(node, "idle() takes no argument.");
  const argument = onlyArgument(node, args);
  if (argument.op !== ".")
    throw new CheckFailure(argument, `${fn}() needs a field, as in ${fn}(tx.amount).`);
  const field = checkField(argument, context);
  return { field: field.index, type: field.type };
}

function aggregate(
  call: { readonly node: ASTNode; readonly fn: AggregateFunction; readonly context: CheckContext },
  scope: AggregateScope,
  over: Aggregated,
): Expression {
  const { node, fn, context } = call;
  const type = aggregateType(fn, over.type);
  if (type === undefined) {
    const what = over.type === undefined ? "nothing" : article(over.type);
    throw new CheckFailure(node, `${fn}() needs numbers, this is ${what}.`);
  }
  const text = context.text.slice(node.start, node.end);
  return { kind: "aggregate", type, fn, scope, field: over.field, text };
}

/** The type of an aggregate over fields of a type; `undefined` where it means nothing. */
function aggregateType(fn: AggregateFunction, over: Type | undefined): Type | undefined {
  if (fn === "idle") return "duration";
  if (fn === "count" || fn === "distinct") return "int";
  if (fn === "first" || fn === "last") return over;
  if (over === "timestamp" && (fn === "min" || fn === "max")) return over;
  if (over !== "int" && over !== "double" && over !== "money") return undefined;
  if (fn === "avg" || fn === "stddev") return over === "money" ? "money" : "double";
  return over;
}

/** Types `history.avg(tx.amount)`, `tx.name.contains("x")`, `tx.at.getHours()`. */
export function checkMethod(node: MethodCall, context: CheckContext): Expression {
  const [name, receiver, args] = node.args;
  if (receiver.op === "id" && receiver.args === "history") {
    if (!context.scope.history) {
      throw new CheckFailure(
        node,
        '"history" needs the rule to declare its "memory", as in memory: 30d.',
      );
    }
    if (!includes(historyFunctions, name)) {
      throw new CheckFailure(
        node,
        `Unknown function "history.${name}": ${didYouMean(name, historyFunctions)}`,
      );
    }
    return aggregate(
      { node, fn: name, context },
      { kind: "history" },
      aggregatedField(node, name, context),
    );
  }
  const subject = context.check(receiver, context);
  if (textFunctions.includes(name) && subject.type === "string") {
    return checkText(node, subject, args);
  }
  if (timeFunctions.includes(name) && subject.type === "timestamp" && args.length === 0) {
    return { kind: "time", type: "int", fn: name as TimeFunction, subject };
  }
  const known =
    subject.type === "string" ? textFunctions : subject.type === "timestamp" ? timeFunctions : [];
  throw new CheckFailure(
    node,
    `${article(subject.type)} has no function "${name}"${known.length > 0 ? `: ${didYouMean(name, known)}` : "."}`,
  );
}

function checkText(node: MethodCall, subject: Expression, args: readonly ASTNode[]): Expression {
  const argument = onlyArgument(node, args);
  const fn = node.args[0] as TextFunction;
  const text = argument.op === "value" ? argument.args : undefined;
  if (typeof text !== "string") throw new CheckFailure(argument, `${fn}() needs a text literal.`);
  const problem = fn === "matches" ? regexProblem(text) : undefined;
  if (problem !== undefined) throw new CheckFailure(argument, problem);
  return { kind: "text", type: "bool", fn, subject, argument: text };
}
