import type { ASTNode } from "@marcbachmann/cel-js";
import {
  type Expression,
  type FieldExpression,
  TIME_FIELD,
  TYPE_FIELD,
  type Type,
} from "./expression.ts";
import type { Problem, Scope } from "./scope.ts";
import { didYouMean } from "./suggest.ts";

/** Carries a problem out of the recursive descent; never leaves this folder. */
export class CheckFailure extends Error {
  readonly problem: Problem;
  constructor(node: { readonly start: number; readonly end: number }, message: string) {
    super(message);
    this.problem = { start: node.start, end: node.end, message };
  }
}

/** What the checks of one condition share; `check` types a child node. */
export type CheckContext = {
  readonly scope: Scope;
  readonly text: string;
  readonly check: (node: ASTNode, context: CheckContext) => Expression;
};

/** The type with its article, for sentences. */
export function article(type: Type): string {
  return type === "int" ? "an int" : type === "money" ? "money" : `a ${type}`;
}

/** The sentence for a name that is neither variable nor stage. */
export function unknownName(name: string, scope: Scope): string {
  const known = [...scope.variables.keys(), ...scope.stages];
  return `Unknown name "${name}": ${didYouMean(name, known)}`;
}

/** `tx.amount`, `tx.type`, `tx.at`: a declared field of a known variable. */
export function checkField(
  node: Extract<ASTNode, { readonly op: "." }>,
  context: CheckContext,
): FieldExpression {
  const [receiver, name] = node.args;
  const { scope } = context;
  if (receiver.op !== "id") throw new CheckFailure(node, "Fields have no fields of their own.");
  const source = scope.variables.get(receiver.args);
  if (source === undefined) {
    const stage = scope.stages.includes(receiver.args);
    const message = stage
      ? `"${receiver.args}" is a stage of several events: say which, as in last(${receiver.args}.${name}).`
      : unknownName(receiver.args, scope);
    throw new CheckFailure(receiver, message);
  }
  const field = resolveField(name, scope);
  if (field !== undefined)
    return { kind: "field", source, name: `${receiver.args}.${name}`, ...field };
  const known = [...scope.stream.fields.map((f) => f.name), "type", "at"];
  throw new CheckFailure(
    node,
    `Unknown field "${receiver.args}.${name}": ${didYouMean(name, known)}`,
  );
}

/** Index and type of a field by name, pseudo-fields included. */
export function resolveField(
  name: string,
  scope: Scope,
): { readonly index: number; readonly type: Type } | undefined {
  if (name === "type") return { index: TYPE_FIELD, type: "string" };
  if (name === "at") return { index: TIME_FIELD, type: "timestamp" };
  const index = scope.stream.fields.findIndex((field) => field.name === name);
  const field = scope.stream.fields[index];
  return field === undefined ? undefined : { index, type: field.type };
}
