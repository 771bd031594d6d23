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
import type { CompiledLane, CompiledRule } from "./lane-plan.ts";
import { tell } from "./speak.ts";
import type { LaneState } from "./state.ts";
import { JudgedFinal } from "./step.ts";
import type { FinalResult } from "./types.ts";

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
    for (let i = 0; i < buckets.length; ) {
      const bucket = buckets[i];
      if (bucket === undefined) break;
      if (fireAt(spec, bucket) <= step.due) fireBucket(lane, state, { ...step, b, bucket });
      const over = isGlobal || closesAt(spec, bucket) <= step.context.closedUpTo;
      const closed = !bucket.dirty && over;
      if (closed) buckets.splice(i, 1);
      else i++;
    }
  }
}

/** Global windows that fire by count do so with the event that fills them. */
export function fireFull(lane: CompiledLane, state: LaneState, step: Firing): void {
  for (let b = 0; b < lane.buckets.length; b++) {
    const window = lane.buckets[b]?.window.window;
    const count = window?.kind === "global" ? window.count : undefined;
    const bucket = state.buckets[b]?.at(-1);
    if (count === undefined || bucket === undefined || (bucket.cells[0] ?? 0) < count) continue;
    fireBucket(lane, state, { ...step, b, bucket });
    state.buckets[b]?.pop();
  }
}

/** Judges a closed window by all rules that look at it. */
function fireBucket(
  lane: CompiledLane,
  state: LaneState,
  step: Firing & { readonly b: number; readonly bucket: Bucket },
): void {
  const { b, bucket, output, context } = step;
  const asked = lane.buckets[b];
  if (asked === undefined) return;
  const { window, aggregates: sources } = asked;
  const values = lane.blank.aggregates.slice();
  writeBucket(window, bucket, { sources, values });
  const eventIds = bucket.ids.slice();
  const end = Number.isFinite(bucket.end) ? bucket.end : step.due + 1;
  const rules = lane.rules.filter((rule) => rule.bucket === b && speaksHere(lane, rule));
  const judgement = timeJudgement(lane, end - 1, values);
  const detail = { matchId: String(bucket.start), eventIds, matches: 1 };
  for (const rule of rules) {
    const { evaluation } = lane.scratch;
    evaluation.event = judgement.event;
    evaluation.aggregates = values;
    const holds = rule.having === undefined || rule.having(evaluation) === 1;
    const warming = bucket.start <= window.since ? warmingFlag : 0;
    judgement.codes[rule.index] = (holds ? hit : noHit) | warming;
    if (holds) noteHit(judgement, rule.index, detail);
    const wasTold = bucket.fired > 0;
    if (!holds || lane.time === "early") continue;
    const telling = { detail, context, revision: bucket.fired, holds: true, output };
    tell(judgement, rule, wasTold ? telling : { ...telling, state });
  }
  if (rules.length > 0) {
    const span = { start: bucket.start, end };
    pushFinal(output, finalOf(judgement, rules, { context, window: span, revision: bucket.fired }));
  }
  bucket.fired++;
  bucket.dirty = false;
}

/** A rule that speaks early and finally has its final word in the final lane. */
function speaksHere(lane: CompiledLane, rule: CompiledRule): boolean {
  return lane.time === "final" || rule.definition.emit.time !== "both";
}

/** A judgement that no event made. */
function timeJudgement(lane: CompiledLane, at: number, values: number[]): Judgement {
  const event = { id: "", type: "", at, values: [] };
  return { ...newJudgement(lane, event, []), aggregates: values };
}

function finalOf(
  judgement: Judgement,
  rules: readonly CompiledRule[],
  of: Pick<FinalResult, "window" | "revision"> & { readonly context: JudgeContext },
): FinalResult {
  return new JudgedFinal(judgement, rules, of);
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
  const { rule, detail, context, output } = step;
  const judgement = timeJudgement(lane, step.due, lane.blank.aggregates.slice());
  judgement.codes[rule.index] = hit | (step.due <= rule.warmUntil ? warmingFlag : 0);
  noteHit(judgement, rule.index, detail);
  tell(judgement, rule, {
    detail,
    context,
    revision: 0,
    holds: true,
    output,
    state,
  });
  pushFinal(output, finalOf(judgement, [rule], { context, window: undefined, revision: 0 }));
}

function pushFinal(output: Output, final: FinalResult): void {
  output.finals ??= [];
  output.finals.push(final);
}

/** The final word on an event that was judged when the watermark passed it. */
export function sayFinally(judgement: Judgement, context: JudgeContext, output: Output): void {
  const { judging: rules } = judgement.lane;
  if (rules.length === 0) return;
  pushFinal(output, finalOf(judgement, rules, { context, window: undefined, revision: 0 }));
}
