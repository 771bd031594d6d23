import { type Bucket, fireAt } from "../window/buckets.ts";
import type { JudgeContext } from "./judge-context.ts";
import { detailOfMatch, keepRuns, reportTimedOut } from "./judge-patterns.ts";
import { idsInBucket, writeTotals } from "./judge-windows.ts";
import {
  type HitDetail,
  higher,
  hit,
  type Judgement,
  noHit,
  type Output,
  warmingFlag,
} from "./judgement.ts";
import type { CompiledLane, CompiledRule } from "./lane-plan.ts";
import { tell } from "./speak.ts";
import type { LaneState } from "./state.ts";
import type { FinalResult } from "./types.ts";
import { isHit, resultOf } from "./verdict.ts";

/** The watermark at which time alone next makes this lane say something. */
export function laneDueAt(lane: CompiledLane, state: LaneState): number {
  let due = Number.POSITIVE_INFINITY;
  for (const buckets of state.buckets) {
    for (const bucket of buckets) due = Math.min(due, fireAt(bucket));
  }
  for (const rule of lane.rules) {
    if (rule.pattern !== undefined) due = Math.min(due, patternDueAt(lane, state, rule));
    if (rule.join !== undefined) due = Math.min(due, joinDueAt(lane, state, rule));
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

type Firing = {
  readonly due: number;
  readonly context: JudgeContext;
  readonly output: Output;
};
type RuleFiring = Firing & { readonly rule: CompiledRule };

/** Lets patterns speak that time decides now; comes before the events of the same time. */
export function firePatterns(lane: CompiledLane, state: LaneState, step: Firing): void {
  for (const rule of lane.rules) {
    if (rule.pattern !== undefined) firePattern(lane, state, { ...step, rule });
  }
}

/** Lets windows and joins speak that end now; comes after the events of the same time. */
export function fireWindows(lane: CompiledLane, state: LaneState, step: Firing): void {
  fireBuckets(lane, state, step);
  for (const rule of lane.rules) {
    if (rule.join !== undefined) fireJoin(lane, state, { ...step, rule });
  }
}

function fireBuckets(lane: CompiledLane, state: LaneState, step: Firing): void {
  lane.buckets.forEach((window, b) => {
    for (const bucket of state.buckets[b] ?? []) {
      if (fireAt(bucket) <= step.due) fireBucket(lane, state, { ...step, b, bucket });
    }
    state.buckets[b] = (state.buckets[b] ?? []).filter(
      (bucket) =>
        bucket.dirty ||
        (window.spec.window.kind !== "global" && bucket.end - 1 > step.context.closedUpTo),
    );
  });
}

/** Judges a closed window by all rules that look at it. */
export function fireBucket(
  lane: CompiledLane,
  state: LaneState,
  step: Firing & { readonly b: number; readonly bucket: Bucket },
): void {
  const { b, bucket, output, context } = step;
  const window = lane.buckets[b];
  if (window === undefined) return;
  const values = lane.blankAggregates.slice();
  writeTotals(bucket.totals, window.aggregates, values);
  const eventIds = idsInBucket(window.spec, state.log, bucket);
  const end = Number.isFinite(bucket.end) ? bucket.end : step.due + 1;
  const rules = lane.rules.filter((rule) => rule.bucket === b && speaksHere(lane, rule));
  const judgement = timeJudgement(lane, end - 1, values);
  const detail = { matchId: String(bucket.start), eventIds, matches: 1 };
  for (const rule of rules) {
    const { evaluation } = lane.scratch;
    evaluation.event = judgement.event;
    evaluation.aggregates = values;
    const holds = rule.having === undefined || rule.having(evaluation) === 1;
    const warming = bucket.start <= window.spec.since ? warmingFlag : 0;
    judgement.codes[rule.index] = (holds ? hit : noHit) | warming;
    if (holds) judgement.hits[rule.index] = detail;
    const wasTold = bucket.fired > 0;
    if (!holds || lane.time === "early") continue;
    const telling = { detail, stream: context.stream, revision: bucket.fired, holds: true, output };
    tell(judgement, rule, wasTold ? telling : { ...telling, state });
  }
  if (rules.length > 0) {
    const span = { start: bucket.start, end };
    output.finals.push(
      finalOf(judgement, rules, { context, window: span, revision: bucket.fired }),
    );
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
  return {
    lane,
    event: { id: "", type: "", at, values: [] },
    codes: [],
    aggregates: values,
    rows: [],
    hits: [],
    outcome: "approve",
    score: 0,
  };
}

function finalOf(
  judgement: Judgement,
  rules: readonly CompiledRule[],
  of: {
    readonly context: JudgeContext;
    readonly window: FinalResult["window"];
    readonly revision: number;
  },
): FinalResult {
  const results = rules.map((rule) => resultOf(judgement, rule, of.context.stream));
  const decisive = results.filter((r) => r.outcome === "hit" && r.mode === "active");
  return {
    at: judgement.event.at,
    eventId: judgement.event.id === "" ? undefined : judgement.event.id,
    window: of.window,
    revision: of.revision,
    outcome: decisive.map((r) => r.action).reduce(higher, "approve"),
    score: Math.max(0, ...decisive.map((r) => r.score)),
    results,
  };
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
  if (empty) state.joins[step.rule.join ?? -1] = undefined;
}

/** A hit that the passing of time made: a sequence held back, an absence, a missing partner. */
function hitByTime(
  lane: CompiledLane,
  state: LaneState,
  step: RuleFiring & { readonly detail: HitDetail },
): void {
  const { rule, detail, context, output } = step;
  const judgement = timeJudgement(lane, step.due, lane.blankAggregates.slice());
  judgement.codes[rule.index] = hit | (step.due <= rule.warmUntil ? warmingFlag : 0);
  judgement.hits[rule.index] = detail;
  tell(judgement, rule, {
    detail,
    stream: context.stream,
    revision: 0,
    holds: true,
    output,
    state,
  });
  output.finals.push(finalOf(judgement, [rule], { context, window: undefined, revision: 0 }));
}

/** The final word on an event that was judged when the watermark passed it. */
export function finalOfEvent(judgement: Judgement, context: JudgeContext): FinalResult {
  const rules = judgement.lane.rules.filter((rule) => rule.judgesEvents);
  return finalOf(judgement, rules, { context, window: undefined, revision: 0 });
}

/** Whether any rule of the lane hit in a judgement. */
export function anyHit(judgement: Judgement): boolean {
  return judgement.codes.some(isHit);
}
