import type { Value } from "../stream.ts";
import { type Bucket, closesAt, fireAt, writeBucket } from "../window/buckets.ts";
import type { JudgeContext } from "./judge-context.ts";
import { detailOfMatch, keepRuns, reportTimedOut } from "./judge-patterns.ts";
import {
  type HitDetail,
  hit,
  type Judgement,
  newJudgement,
  noHit,
  noteHit,
  type Output,
  warmingFlag,
} from "./judgement.ts";
import type { CompiledBucket, CompiledLane, CompiledRule } from "./lane-plan.ts";
import { tell } from "./speak.ts";
import type { LaneState } from "./state.ts";
import { JudgedFinal } from "./step.ts";
import { recallRows } from "./tables.ts";
import type { FinalResult } from "./types.ts";

const noValues: readonly Value[] = [];

/** The watermark at which time alone next makes this lane say something. */
export function laneDueAt(lane: CompiledLane, state: LaneState): number {
  let due = Number.POSITIVE_INFINITY;
  for (let b = 0; b < lane.buckets.length; b++) {
    const spec = lane.buckets[b]?.window;
    const buckets = state.buckets[b];
    if (spec === undefined || buckets === undefined) continue;
    for (const bucket of buckets) due = Math.min(due, fireAt(spec, bucket));
  }
  for (const rule of lane.timedRules) {
    due = Math.min(due, patternDueAt(lane, state, rule), joinDueAt(lane, state, rule));
  }
  return due;
}

function patternDueAt(lane: CompiledLane, state: LaneState, rule: CompiledRule): number {
  const runs = state.runs[rule.pattern ?? -1];
  const automaton = lane.patterns[rule.pattern ?? -1]?.automaton;
  if (runs === undefined || automaton === undefined) return Number.POSITIVE_INFINITY;
  return automaton.dueAt(runs, rule.definition.emit.timedOut ? "any" : "match");
}

function joinDueAt(lane: CompiledLane, state: LaneState, rule: CompiledRule): number {
  const join = lane.joins[rule.join ?? -1];
  if (join?.mode !== "missing") return Number.POSITIVE_INFINITY;
  const left = state.joins[rule.join ?? -1]?.left.find((side) => !side.matched);
  return left === undefined ? Number.POSITIVE_INFINITY : left.event.at + join.upperMs;
}

/** A moment at which time alone decides something. */
export type Firing = {
  readonly due: number;
  readonly context: JudgeContext;
  readonly output: Output;
};
type RuleFiring = Firing & { readonly rule: CompiledRule };

/** Lets patterns speak that time decides now; comes before the events of the same time. */
export function firePatterns(lane: CompiledLane, state: LaneState, step: Firing): void {
  for (const rule of lane.timedRules) {
    if (rule.pattern !== undefined) firePattern(lane, state, { ...step, rule });
  }
}

/** Lets windows and joins speak that end now; comes after the events of the same time. */
export function fireWindows(lane: CompiledLane, state: LaneState, step: Firing): void {
  fireBuckets(lane, state, step);
  for (const rule of lane.timedRules) {
    if (rule.join !== undefined) fireJoin(lane, state, { ...step, rule });
  }
}

function fireBuckets(lane: CompiledLane, state: LaneState, step: Firing): void {
  for (let b = 0; b < lane.buckets.length; b++) {
    const buckets = state.buckets[b];
    const spec = lane.buckets[b]?.window;
    if (buckets === undefined || spec === undefined) continue;
    const isGlobal = spec.window.kind === "global";
    let open = 0;
    for (let i = 0; i < buckets.length; i++) {
      const bucket = buckets[i] as Bucket;
      if (fireAt(spec, bucket) <= step.due) fireBucket(lane, state, { step, b, bucket });
      const over = isGlobal || closesAt(spec, bucket) <= step.context.closedUpTo;
      if (bucket.dirty || !over) buckets[open++] = bucket;
    }
    while (buckets.length > open) buckets.pop();
  }
}

/** Global windows that fire by count do so with the event that fills them. */
export function fireFull(lane: CompiledLane, state: LaneState, step: Firing): void {
  for (let b = 0; b < lane.buckets.length; b++) {
    const window = lane.buckets[b]?.window.window;
    const count = window?.kind === "global" ? window.count : undefined;
    const bucket = state.buckets[b]?.at(-1);
    if (count === undefined || bucket === undefined || (bucket.cells[0] ?? 0) < count) continue;
    fireBucket(lane, state, { step, b, bucket });
    state.buckets[b]?.pop();
  }
}

/** Judges a closed window by all rules that look at it. */
function fireBucket(
  lane: CompiledLane,
  state: LaneState,
  of: { readonly step: Firing; readonly b: number; readonly bucket: Bucket },
): void {
  const { step, bucket } = of;
  const { output } = step;
  const { window, speakers } = lane.buckets[of.b] as CompiledBucket;
  const { start, fired: revision } = bucket;
  bucket.fired++;
  bucket.dirty = false;
  if (speakers.length === 0) return;
  const end = Number.isFinite(bucket.end) ? bucket.end : step.due + 1;
  const judgement = timeJudgement(lane, state, end - 1);
  const { values } = judgement;
  const { evaluation } = lane.scratch;
  writeBucket(window, bucket, values);
  evaluation.event = judgement.event;
  evaluation.aggregates = values;
  const flags = start <= window.since ? warmingFlag : 0;
  for (const rule of speakers) {
    const holds = rule.having === undefined || rule.having(evaluation) === 1;
    judgement.values[rule.index] = (holds ? hit : noHit) | flags;
    if (!holds) continue;
    const detail = { matchId: String(start), eventIds: bucket.ids.slice(), matches: 1 };
    noteHit(judgement, rule, detail);
    if (lane.time === "early") continue;
    const telling = { detail, revision, holds, output };
    tell(judgement, rule, revision > 0 ? telling : { ...telling, state });
  }
  pushFinal(output, new JudgedFinal(judgement, speakers, { window: { start, end }, revision }));
}

/** A judgement that no event made, with the rows of tables that were valid then. */
function timeJudgement(lane: CompiledLane, state: LaneState, at: number): Judgement {
  const event = { id: "", type: "", at, values: noValues };
  return newJudgement(lane, event, recallRows(lane, state, at));
}

function firePattern(lane: CompiledLane, state: LaneState, step: RuleFiring): void {
  const index = step.rule.pattern ?? -1;
  const runs = state.runs[index];
  const automaton = lane.patterns[index]?.automaton;
  if (
    runs === undefined ||
    automaton === undefined ||
    patternDueAt(lane, state, step.rule) > step.due
  )
    return;
  const { matches, timedOut } = automaton.advance(runs, step.due);
  keepRuns(state, index, runs);
  reportTimedOut(lane, step.rule, { timedOut, output: step.output });
  for (const match of matches) {
    hitByTime(lane, state, { ...step, detail: detailOfMatch(lane, step.rule, match) });
  }
}

function fireJoin(lane: CompiledLane, state: LaneState, step: RuleFiring): void {
  const join = lane.joins[step.rule.join ?? -1];
  const sides = state.joins[step.rule.join ?? -1];
  if (join?.mode !== "missing" || sides === undefined) return;
  for (let i = 0; i < sides.left.length; ) {
    const side = sides.left[i];
    if (side === undefined || side.event.at + join.upperMs > step.due) break;
    sides.left.splice(i, 1);
    if (side.matched) continue;
    const { id } = side.event;
    hitByTime(lane, state, { ...step, detail: { matchId: id, eventIds: [id], matches: 1 } });
  }
  const empty = sides.left.length === 0 && sides.right.length === 0;
  if (empty) state.joins = state.joins.with(step.rule.join ?? -1, undefined);
}

/** A hit that the passing of time made: a sequence held back, an absence, a missing partner. */
function hitByTime(
  lane: CompiledLane,
  state: LaneState,
  step: RuleFiring & { readonly detail: HitDetail },
): void {
  const { rule, detail, output } = step;
  const judgement = timeJudgement(lane, state, step.due);
  judgement.values[rule.index] = hit | (step.due <= rule.warmUntil ? warmingFlag : 0);
  noteHit(judgement, rule, detail);
  tell(judgement, rule, {
    detail,
    revision: 0,
    holds: true,
    output,
    state,
  });
  pushFinal(output, new JudgedFinal(judgement, [rule], { window: undefined, revision: 0 }));
}

function pushFinal(output: Output, final: FinalResult): void {
  if (output.finals === undefined) output.finals = [final];
  else output.finals.push(final);
}

/** The final word on an event that was judged when the watermark passed it. */
export function sayFinally(judgement: Judgement, output: Output): void {
  const { judging: rules } = judgement.lane;
  if (rules.length === 0) return;
  pushFinal(output, new JudgedFinal(judgement, rules, { window: undefined, revision: 0 }));
}
