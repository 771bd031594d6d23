import type { Value } from "../stream.ts";
import type { JudgeContext } from "./judge-context.ts";
import { detailOfMatch, keepRuns, reportTimedOut } from "./judge-patterns.ts";
import { windowDetail } from "./judge-windows.ts";
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
    due = Math.min(due, (lane.buckets[b] as CompiledBucket).window.dueAt(state));
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
    const asked = lane.buckets[b] as CompiledBucket;
    const { window } = asked;
    const isGlobal = window.options.window.kind === "global";
    const end = window.end(state);
    for (let number = window.start(state); number < end; number++) {
      const closesAt = window.closesAt(state, number);
      if (window.isDirty(state, number)) {
        if (closesAt > step.due) continue;
        fireBucket(lane, state, { step, asked, number });
      }
      if (isGlobal || closesAt <= step.context.closedUpTo) window.drop(state, number);
    }
  }
}

/** Global windows that fire by count do so with the event that fills them. */
export function fireFull(lane: CompiledLane, state: LaneState, step: Firing): void {
  for (let b = 0; b < lane.buckets.length; b++) {
    const asked = lane.buckets[b] as CompiledBucket;
    const { window } = asked;
    const { window: span } = window.options;
    const number = window.end(state) - 1;
    if (span.kind !== "global" || span.count === undefined) continue;
    if (number < window.start(state) || window.countOf(state, number) < span.count) continue;
    fireBucket(lane, state, { step, asked, number });
    window.drop(state, number);
  }
}

/** Judges a closed window by all rules that look at it. */
function fireBucket(
  lane: CompiledLane,
  state: LaneState,
  of: { readonly step: Firing; readonly asked: CompiledBucket; readonly number: number },
): void {
  const { step, number } = of;
  const { output } = step;
  const { window, speakers } = of.asked;
  const revision = window.fire(state, number);
  if (speakers.length === 0) return;
  const start = window.startOf(state, number);
  const known = window.endOf(state, number);
  const end = Number.isFinite(known) ? known : step.due + 1;
  const judgement = timeJudgement(lane, state, end - 1);
  const { values } = judgement;
  const { evaluation } = lane.scratch;
  window.write(state, number, values);
  evaluation.event = judgement.event;
  evaluation.aggregates = values;
  const flags = start <= window.options.since ? warmingFlag : 0;
  for (const rule of speakers) {
    const holds = rule.having === undefined || rule.having(evaluation) === 1;
    judgement.values[rule.index] = (holds ? hit : noHit) | flags;
    if (!holds) continue;
    const detail = windowDetail(window, state, number);
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
