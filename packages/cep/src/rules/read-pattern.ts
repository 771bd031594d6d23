import { isMap, isScalar, type Node } from "yaml";
import { walk } from "../language/expression.ts";
import type { Scope } from "../language/scope.ts";
import { didYouMean } from "../language/suggest.ts";
import {
  checkPattern,
  type Link,
  type PatternProblem,
  type Quantifier,
  type Skip,
  type Stage,
} from "../pattern/pattern.ts";
import type { Condition, PatternPlan } from "./definition.ts";
import { MapReader } from "./map-reader.ts";
import { always, readCondition } from "./read-condition.ts";
import { describeNode } from "./source.ts";

/** Keys that a stage may have. */
export const stageKeys: readonly string[] = [
  "as",
  "link",
  "not",
  "on",
  "where",
  "times",
  "consecutive",
  "combinations",
  "optional",
  "greedy",
  "until",
  "gap",
];
const links: readonly Link[] = ["next", "followedBy", "followedByAny"];

/**
 * Reads `pattern`, `within` and `skip`. The language means ≤ by `within` and `gap`; the core means
 * <, hence the added millisecond.
 */
export function readPattern(reader: MapReader, scope: Scope): PatternPlan | undefined {
  const items = reader.list("pattern");
  reader.require("within", "within: 10m");
  const within = reader.duration("within");
  if (items === undefined) return undefined;
  const stages: Stage<Condition>[] = [];
  const named: string[] = [];
  for (const item of items) {
    const stage = readStage(reader, item, { ...scope, stages: [...named] });
    named.push(...namesOf(item));
    if (stage === undefined) continue;
    stages.push(
      stages.length === 0 && stage.link === "followedBy" ? { ...stage, link: "begin" } : stage,
    );
  }
  const skip = readSkip(reader, stages);
  const withinMs = within === undefined ? undefined : within + 1;
  if (stages.length < items.length || skip === undefined) return undefined;
  const spec = { stages, withinMs, skip };
  for (const { stage, message } of [...checkPattern(spec), ...idleAbsences(stages)]) {
    reader.report(stage === undefined ? reader.node("pattern") : items[stage], message);
  }
  return { kind: "pattern", spec, captured: capturedFields(stages) };
}

/** The name by which later stages speak of a stage, faulty or not; an absence has none. */
function namesOf(item: Node): readonly string[] {
  const name = isMap(item) && !item.has("not") ? item.get("as") : undefined;
  return typeof name === "string" ? [name] : [];
}

/**
 * Absences that the automaton, like Flink's, never looks at: those right before a trailing absence
 * or a `notNext`. A rule that seems to exclude something and does not is a mistake.
 */
function idleAbsences(stages: readonly Stage<Condition>[]): readonly PatternProblem[] {
  const message =
    "This absence would have no effect: only the absence right before a stage or the end counts. Join their conditions.";
  const idle = ({ link }: Stage<Condition>, index: number): boolean => {
    const next = stages.slice(index + 1).find((stage) => stage.link !== "notFollowedBy");
    const followed = index < stages.length - 1;
    return link === "notFollowedBy" && followed && (next === undefined || next.link === "notNext");
  };
  return stages.flatMap((stage, index) => (idle(stage, index) ? [{ stage: index, message }] : []));
}

function capturedFields(stages: readonly Stage<Condition>[]): readonly number[] {
  const fields = new Set<number>();
  const conditions = stages.flatMap(({ where, until }) => [where, ...(until ? [until] : [])]);
  for (const node of conditions.flatMap(({ expression }) => [...walk(expression)])) {
    const read = node.kind === "aggregate" && node.scope.kind === "stage" ? node.field : undefined;
    if (read !== undefined && read >= 0) fields.add(read);
  }
  return [...fields].sort((a, b) => a - b);
}

function readStage(parent: MapReader, item: Node, scope: Scope): Stage<Condition> | undefined {
  if (!isMap(item)) {
    parent.report(
      item,
      `A stage is a map such as { as: probe, where: … }, found ${describeNode(item)}.`,
    );
    return undefined;
  }
  const reader = new MapReader(parent.file, item, parent.ruleId);
  const before = parent.file.errors.length;
  reader.allow(stageKeys);
  reader.require("as", "as: probe");
  const name = reader.text("as") ?? "";
  if (
    name !== "" &&
    (!/^[a-z]\w*$/i.test(name) || scope.variables.has(name) || name === "history")
  ) {
    reader.report(reader.node("as"), `"${name}" cannot name a stage.`);
  }
  const types = readTypes(reader, scope);
  const where = readCondition(reader, "where", { scope, types }) ?? always(scope, types);
  const until = readCondition(reader, "until", { scope });
  const gap = reader.duration("gap");
  const stage: Stage<Condition> = {
    name,
    link: readLink(reader),
    where,
    quantifier: readQuantifier(reader),
    inner: readInner(reader),
    optional: reader.flag("optional") ?? false,
    greedy: reader.flag("greedy") ?? false,
    ...(until === undefined ? {} : { until }),
    ...(gap === undefined ? {} : { gapMs: gap + 1 }),
  };
  return parent.file.errors.length > before ? undefined : stage;
}

function readTypes(reader: MapReader, scope: Scope): readonly string[] | undefined {
  const types = reader.texts("on");
  for (const type of types ?? []) {
    if (scope.stream.types.includes(type)) continue;
    reader.report(
      reader.node("on"),
      `Unknown event type "${type}": ${didYouMean(type, scope.stream.types)}`,
    );
  }
  return types;
}

function readLink(reader: MapReader): Link {
  if (reader.has("not") && reader.has("link")) {
    reader.report(reader.keyNode("link"), 'A stage has a "link" or is a "not", not both.');
  }
  const not = reader.oneOf("not", ["next", "followedBy"]);
  if (not !== undefined) return not === "next" ? "notNext" : "notFollowedBy";
  return reader.oneOf("link", links) ?? "followedBy";
}

/** `times: 3`, `times: 2-4`, `times: 3+`. */
function readQuantifier(reader: MapReader): Quantifier {
  const node = reader.node("times");
  if (node === undefined) return { kind: "one" };
  const text = isScalar(node) ? String(node.value) : "";
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  if (match === null) {
    reader.report(node, `"times" must be such as 3, 2-4 or 3+, found ${describeNode(node)}.`);
    return { kind: "one" };
  }
  const min = Number(match[1]);
  if (match[2] === "+") return { kind: "loop", min };
  return { kind: "times", min, max: match[3] === undefined ? min : Number(match[3]) };
}

function readInner(reader: MapReader): Stage<Condition>["inner"] {
  const consecutive = reader.flag("consecutive") ?? false;
  const combinations = reader.flag("combinations") ?? false;
  if (consecutive && combinations) {
    reader.report(
      reader.keyNode("combinations"),
      "consecutive and combinations exclude each other.",
    );
  }
  return consecutive ? "consecutive" : combinations ? "combinations" : "relaxed";
}

/** `none`, `toNext`, `pastLast`, `toFirst(probe)`, `toLast(probe)`. */
function readSkip(reader: MapReader, stages: readonly Stage<Condition>[]): Skip | undefined {
  const text = reader.text("skip");
  if (text === undefined) return reader.has("skip") ? undefined : { kind: "none" };
  if (text === "none" || text === "toNext" || text === "pastLast") return { kind: text };
  const match = /^(toFirst|toLast)\((\w+)\)$/.exec(text);
  const [, kind, stage = ""] = match ?? [];
  const taking = stages.filter(({ link }) => !link.startsWith("not")).map(({ name }) => name);
  if (!taking.includes(stage) || (kind !== "toFirst" && kind !== "toLast")) {
    const targets = taking.flatMap((name) => [`toFirst(${name})`, `toLast(${name})`]);
    const known = ["none", "toNext", "pastLast", ...targets];
    reader.report(reader.node("skip"), `"skip" cannot be "${text}": ${didYouMean(text, known)}`);
    return undefined;
  }
  return { kind, stage };
}
