import { isScalar } from "yaml";
import { checkCondition } from "../language/check.ts";
import { type Expression, TYPE_FIELD, walk } from "../language/expression.ts";
import type { Scope } from "../language/scope.ts";
import type { Condition } from "./definition.ts";
import type { MapReader } from "./map-reader.ts";
import { describeNode, textOffset } from "./source.ts";

/** Longest condition that is read; CEL parsers recurse. */
const maxLength = 2_000;

/**
 * Reads the condition at a key. One that does not mention the event's type sees the stream's
 * judged types alone; `types` overrides that.
 */
export function readCondition(
  reader: MapReader,
  name: string,
  options: { readonly scope: Scope; readonly types?: readonly string[] | undefined },
): Condition | undefined {
  const node = reader.node(name);
  if (node === undefined) return undefined;
  const text = isScalar(node) && typeof node.value !== "object" ? String(node.value) : undefined;
  if (text !== undefined && text.length > maxLength) {
    const message = `"${name}" has ${text.length} characters, ${maxLength} are allowed: split the rule.`;
    reader.report(node, message);
    return undefined;
  }
  if (text === undefined || text === "" || node === null) {
    const message = `"${name}" must be a condition such as tx.amount > 100.00, found ${describeNode(node)}.`;
    reader.report(node ?? reader.keyNode(name), message);
    return undefined;
  }
  const checked = checkCondition(text, options.scope);
  if (!("kind" in checked)) {
    for (const problem of checked) reader.report(textOffset(node) + problem.start, problem.message);
    return undefined;
  }
  return {
    text,
    expression: checked,
    types: options.types ?? impliedTypes(checked, options.scope),
  };
}

/** The condition that holds for every judged event. */
export function always(scope: Scope, types?: readonly string[]): Condition {
  const expression: Expression = { kind: "literal", type: "bool", value: true };
  return { text: "true", expression, types: types ?? scope.stream.judged };
}

function impliedTypes(expression: Expression, scope: Scope): readonly string[] | undefined {
  for (const node of walk(expression)) {
    if (node.kind === "field" && node.source === "event" && node.index === TYPE_FIELD)
      return undefined;
  }
  return scope.stream.judged;
}
