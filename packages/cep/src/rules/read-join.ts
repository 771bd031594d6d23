import { isScalar, isSeq } from "yaml";
import { parseDuration } from "../language/duration.ts";
import type { Scope } from "../language/scope.ts";
import { didYouMean } from "../language/suggest.ts";
import type { Condition, JoinPlan } from "./definition.ts";
import type { MapReader } from "./map-reader.ts";
import { always, readCondition } from "./read-condition.ts";

type Side = { readonly alias: string; readonly type: string };

/** Reads `join: { left, right, between, mode }`. */
export function readJoin(reader: MapReader, scope: Scope): JoinPlan | undefined {
  const join = reader.child("join");
  if (join === undefined) return undefined;
  join.allow(["left", "right", "between", "mode"]);
  join.require("left", "left: { as: order, type: ordered }");
  join.require("right", "right: { as: paid, type: captured }");
  join.require("between", "between: [0s, 5m]");
  const leftReader = join.child("left");
  const rightReader = join.child("right");
  const taken = [scope.stream.variable, "history"];
  const left = leftReader && readSide(leftReader, { scope, taken });
  const others = left === undefined ? taken : [...taken, left.alias];
  const right = rightReader && readSide(rightReader, { scope, taken: others });
  const bounds = readBounds(join);
  if (!left || !right || !leftReader || !rightReader || !bounds) return undefined;
  const leftWhere = readWhere(leftReader, left, {
    ...scope,
    variables: new Map([[left.alias, "event"]]),
  });
  const both = new Map([
    [left.alias, "left" as const],
    [right.alias, "event" as const],
  ]);
  const rightWhere = readWhere(rightReader, right, { ...scope, variables: both });
  const mode = join.oneOf("mode", ["inner", "missing"]) ?? "inner";
  return {
    kind: "join",
    left: leftWhere,
    right: rightWhere,
    ...bounds,
    mode,
    aliases: [left.alias, right.alias],
  };
}

function readSide(
  reader: MapReader,
  { scope, taken }: { readonly scope: Scope; readonly taken: readonly string[] },
): Side | undefined {
  reader.allow(["as", "type", "where"]);
  reader.require("as", "as: order");
  reader.require("type", "type: ordered");
  const alias = reader.alias(taken);
  const type = reader.text("type");
  const { types } = scope.stream;
  if (type !== undefined && !types.includes(type)) {
    reader.report(reader.node("type"), `Unknown event type "${type}": ${didYouMean(type, types)}`);
  }
  return alias === undefined || type === undefined ? undefined : { alias, type };
}

function readWhere(reader: MapReader, side: Side, scope: Scope): Condition {
  const types = [side.type];
  return readCondition(reader, "where", { scope, types }) ?? always(scope, types);
}

function readBounds(join: MapReader): { lowerMs: number; upperMs: number } | undefined {
  const node = join.node("between");
  if (node === undefined) return undefined;
  const [lowerMs, upperMs, ...more] = isSeq(node)
    ? node.items.map((item) => (isScalar(item) ? signedDuration(String(item.value)) : undefined))
    : [];
  if (lowerMs !== undefined && upperMs !== undefined && more.length === 0 && lowerMs <= upperMs) {
    return { lowerMs, upperMs };
  }
  join.report(node, '"between" must be two durations, the lower one first, as in [-1m, 5m].');
  return undefined;
}

function signedDuration(text: string): number | undefined {
  const ms = parseDuration(text.replace(/^-/, ""));
  return ms === undefined ? undefined : text.startsWith("-") ? -ms : ms;
}
