import type { YAMLMap } from "yaml";
import { eventScope, type Scope } from "../language/scope.ts";
import { didYouMean } from "../language/suggest.ts";
import type { Stream } from "../stream.ts";
import type { Emit, RuleDefinition, TableSpec } from "./definition.ts";
import { MapReader } from "./map-reader.ts";
import { readJoin } from "./read-join.ts";
import { readPattern } from "./read-pattern.ts";
import { readWindowPlan } from "./read-window.ts";
import { describeSentence } from "./sentence.ts";
import { describeNode, type SourceFile } from "./source.ts";

/** Keys that a rule may have. */
export const ruleKeys: readonly string[] = [
  "id",
  "version",
  "mode",
  "description",
  "tags",
  "key",
  "effectiveFrom",
  "memory",
  "table",
  "on",
  "where",
  "over",
  "window",
  "having",
  "pattern",
  "within",
  "skip",
  "join",
  "emit",
  "onMissing",
  "overflow",
  "then",
];

/** Which keys belong to which plan: a rule follows one. */
const planKeys: Readonly<Record<string, readonly string[]>> = {
  window: ["on", "where", "over", "window", "having"],
  pattern: ["pattern", "within", "skip"],
  join: ["join"],
};

/** Reads one rule; `undefined` when it has mistakes, which are noted in the file. */
export function readRule(
  file: SourceFile,
  map: YAMLMap,
  stream: Stream,
): RuleDefinition | undefined {
  const before = file.errors.length;
  const bare = new MapReader(file, map);
  const id = readId(bare);
  const reader = new MapReader(file, map, id);
  reader.allow(ruleKeys);
  checkKey(reader, stream);
  const head = readHead(reader, id ?? "");
  const table = readTable(reader, stream);
  const scope = withTable(eventScope(stream), table);
  const memoryMs = reader.duration("memory");
  const plan = readPlan(reader, { ...scope, history: memoryMs !== undefined });
  const emit = readEmit(reader);
  const onMissing = reader.oneOf("onMissing", ["false", "true", "error"]) ?? "false";
  const overflow =
    reader.oneOf("overflow", ["degrade", "drop-oldest-run", "fail-closed"]) ?? "degrade";
  if (file.errors.length > before || plan === undefined) return undefined;
  const rule = { ...head, plan, memoryMs, table, emit, onMissing, overflow, sentence: "" };
  return { ...rule, sentence: describeSentence(rule, stream) };
}

function readId(reader: MapReader): string | undefined {
  if (!reader.require("id", "id: velocity-60s")) return undefined;
  const id = reader.text("id");
  if (id === undefined || /^(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(id)) return id;
  const message = `${describeNode(reader.node("id"))} is no rule id: use small letters, digits and hyphens, 64 at most.`;
  reader.report(reader.node("id"), message);
  return undefined;
}

function readHead(
  reader: MapReader,
  id: string,
): Omit<
  RuleDefinition,
  "plan" | "memoryMs" | "table" | "emit" | "onMissing" | "overflow" | "sentence"
> {
  reader.require("version", "version: 1");
  reader.text("description");
  const then = reader.require("then", "then: { action: review, score: 40, reason: VELOCITY }")
    ? reader.child("then")
    : undefined;
  then?.allow(["action", "score", "reason"]);
  then?.require("action", "action: review");
  then?.require("score", "score: 40");
  then?.require("reason", "reason: VELOCITY_60S");
  const reason = then?.text("reason") ?? "";
  if (reason !== "" && !/^[A-Z][A-Z0-9_]*$/.test(reason)) {
    then?.report(
      then.node("reason"),
      `"${reason}" is no reason code: write it as in VELOCITY_60S.`,
    );
  }
  return {
    id,
    version: reader.integer("version", { min: 1, max: 1_000_000 }) ?? 1,
    mode: reader.oneOf("mode", ["active", "shadow", "off"]) ?? "active",
    tags: reader.texts("tags") ?? [],
    effectiveFrom: readInstant(reader, "effectiveFrom"),
    action: then?.oneOf("action", ["approve", "review", "decline"]) ?? "review",
    score: then?.integer("score", { min: 0, max: 100 }) ?? 0,
    reason,
  };
}

const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/;

function readInstant(reader: MapReader, name: string): number | undefined {
  const text = reader.text(name);
  if (text === undefined) return undefined;
  const at = instant.test(text) ? Date.parse(text) : Number.NaN;
  // A day that the month does not have is carried over into the next one by Date.
  if (Number.isFinite(at) && new Date(at).toISOString().startsWith(text.slice(0, 10))) return at;
  reader.report(reader.node(name), `"${name}" must be a time such as 2026-01-31T00:00:00Z.`);
  return undefined;
}

function checkKey(reader: MapReader, stream: Stream): void {
  const key = reader.text("key");
  const expected = `${stream.variable}.${stream.key}`;
  if (key === undefined || key === expected) return;
  const message = `The stream is keyed by ${expected}, a rule cannot be keyed by "${key}".`;
  reader.report(reader.node("key"), message);
}

function readTable(reader: MapReader, stream: Stream): TableSpec | undefined {
  const table = reader.child("table");
  if (table === undefined) return undefined;
  table.allow(["as", "type"]);
  table.require("as", "as: profile");
  table.require("type", "type: profileChanged");
  const alias = table.alias([stream.variable, "history"]);
  const type = table.text("type");
  if (type !== undefined && !stream.types.includes(type)) {
    table.report(
      table.node("type"),
      `Unknown event type "${type}": ${didYouMean(type, stream.types)}`,
    );
  }
  if (!reader.has("memory")) {
    table.report(table.map, 'A table needs the rule to declare its "memory", as in memory: 90d.');
  }
  return alias === undefined || type === undefined ? undefined : { alias, type };
}

function withTable(scope: Scope, table: TableSpec | undefined): Scope {
  if (table === undefined) return scope;
  return { ...scope, variables: new Map([...scope.variables, [table.alias, "table"]]) };
}

function readPlan(reader: MapReader, scope: Scope): RuleDefinition["plan"] | undefined {
  const kind = reader.has("pattern") ? "pattern" : reader.has("join") ? "join" : "window";
  for (const [other, names] of Object.entries(planKeys)) {
    if (other === kind) continue;
    for (const name of names) {
      if (!reader.has(name)) continue;
      const message = `"${name}" has no meaning in a rule with a "${kind}".`;
      reader.report(reader.keyNode(name), message);
    }
  }
  if (kind === "pattern") return readPattern(reader, scope);
  return kind === "join" ? readJoin(reader, scope) : readWindowPlan(reader, scope);
}

function readEmit(reader: MapReader): Emit {
  const emit = reader.child("emit");
  emit?.allow(["on", "cooldown", "time", "timedOut"]);
  return {
    on: emit?.oneOf("on", ["enter", "every"]) ?? "every",
    cooldownMs: emit?.duration("cooldown", { zero: true }) ?? 0,
    time: emit?.oneOf("time", ["early", "final", "both"]) ?? "early",
    timedOut: emit?.flag("timedOut") ?? false,
  };
}
