import type { StreamEvent } from "../stream.ts";
import type { History } from "../window/history.ts";
import { setBit } from "../window/log.ts";
import { correct } from "./correct.ts";
import { fireFull } from "./fire.ts";
import { flagsOf } from "./judge-flags.ts";
import { judgeJoins } from "./judge-joins.ts";
import { judgePatterns } from "./judge-patterns.ts";
import {
  fillBuckets,
  fillsNow,
  maxListedIds,
  readBuckets,
  updateSlidings,
  windowDetail,
} from "./judge-windows.ts";
import {
  approximateFlag,
  failed,
  type HitDetail,
  hit,
  type Judgement,
  type JudgeStep,
  newJudgement,
  noHit,
  noteHit,
  overflowFlag,
} from "./judgement.ts";
import type {
  CompiledCondition,
  CompiledLane,
  CompiledLog,
  CompiledRule,
  CompiledWindow,
} from "./lane-plan.ts";
import { noteMiss, tell } from "./speak.ts";
import type { LaneState } from "./state.ts";
import { recallRows, rememberRow } from "./tables.ts";
import { fold } from "./trim.ts";
import type { TypePlan } from "./type-plans.ts";
import { isHit } from "./verdict.ts";

/** Applies one event to a trimmed lane: verdicts of its rules, and what they have to say. */
export function judge(lane: CompiledLane, state: LaneState, step: JudgeStep): Judgement {
  const { event, context, output } = step;
  const { evaluation } = lane.scratch;
  const judgement = newJudgement(lane, event, recallRows(lane, state, event.at));
  evaluation.event = event;
  evaluation.aggregates = judgement.values;
  const plan = lane.plans.of(event.type);
  if (lane.histories.length > 0) readHistories(judgement, state);
  settleConditions(lane, plan);
  step.inOrder = record(lane, state, event);
  if (lane.slidings.length > 0) updateSlidings(judgement, state, step);
  if (lane.buckets.length > 0) {
    fillBuckets(lane, state, step);
    readBuckets(judgement, state);
  }
  if (lane.sequential.length > 0) judgePatterns(judgement, state, step);
  if (lane.joins.length > 0) judgeJoins(judgement, state, step);
  judgeGated(judgement, state, step);
  if (lane.buckets.length > 0) fireFull(lane, state, { due: event.at, context, output });
  if (!step.inOrder) correct(judgement, state, step);
  if (plan.isJudged) addToHistories(lane, state, event);
  if (lane.tables.length > 0) rememberRow(lane, state, event);
  fold(lane, state);
  return judgement;
}

/** Adds an event to the windows of a lane that has nothing else: in any order, without a verdict. */
export function collect(lane: CompiledLane, state: LaneState, step: JudgeStep): void {
  const { event } = step;
  lane.scratch.evaluation.event = event;
  settleConditions(lane, lane.plans.of(event.type));
  fillBuckets(lane, state, step);
}

function readHistories({ lane, event, values }: Judgement, state: LaneState): void {
  for (let h = 0; h < lane.histories.length; h++) {
    (lane.histories[h] as CompiledWindow<History>).window.write(state, event.at, values);
  }
}

function addToHistories({ histories }: CompiledLane, state: LaneState, event: StreamEvent): void {
  for (let h = 0; h < histories.length; h++) {
    (histories[h] as CompiledWindow<History>).window.add(state, event);
  }
}

/** Settles the truth of all conditions that do not depend on a run, and the event's mask. */
function settleConditions({ scratch }: CompiledLane, plan: TypePlan): void {
  const { truths, settles } = plan;
  const { missing, words, evaluation } = scratch;
  scratch.truths = truths;
  for (let w = 0; w < words.length; w++) words[w] = plan.words[w] as number;
  for (let c = 0; c < settles.length; c++) {
    const { evaluate, index, bit } = settles[c] as CompiledCondition;
    evaluation.missing = false;
    const truth = evaluate(evaluation);
    truths[index] = truth;
    if (truth === 1) setBit(words, bit);
    else if (truth === -1) missing[index] = evaluation.missing ? 1 : 0;
  }
}

/** Puts the event into the logs that keep it; says whether nothing later had arrived before. */
function record(lane: CompiledLane, state: LaneState, event: StreamEvent): boolean {
  const { logs, scratch } = lane;
  let inOrder = true;
  for (let l = 0; l < logs.length; l++) {
    const { log, fill } = logs[l] as CompiledLog;
    if (event.at < log.latestAt(state)) inOrder = false;
    const keeps = fill < 0 || fillsNow(lane, fill);
    scratch.numbers[l] = keeps ? log.insert(state, event, scratch.words) : -1;
  }
  return inOrder;
}

/** Judges by windows, history or the event alone, says why rules hit, and lets them speak. */
function judgeGated(judgement: Judgement, state: LaneState, step: JudgeStep): void {
  const { lane, values } = judgement;
  const { truths } = lane.scratch;
  for (let r = 0; r < lane.gated.length; r++) {
    const rule = lane.gated[r] as CompiledRule;
    if (truths[rule.gate] === 0) {
      if (rule.judgesEvents) values[rule.index] = flagsOf(rule, step.event.at, step.context);
      continue;
    }
    if (rule.judgesEvents) values[rule.index] = judgeRule(rule, lane, { state, step });
    if (isHit(values[rule.index] as number)) sayHit(judgement, rule, { state, step });
    else if (truths[rule.gate] === 1) noteMiss(rule, state, step.event.at);
  }
}

function sayHit(
  judgement: Judgement,
  rule: CompiledRule,
  { state, step }: { readonly state: LaneState; readonly step: JudgeStep },
): void {
  const { output } = step;
  const detail = detailOf({ lane: judgement.lane, rule }, state, step);
  noteHit(judgement, rule, detail);
  tell(judgement, rule, { detail, revision: 0, holds: true, output, state });
}

/** The code of a rule that looks at windows or at the event alone. */
function judgeRule(
  rule: CompiledRule,
  lane: CompiledLane,
  at: { readonly state: LaneState; readonly step: JudgeStep },
): number {
  const { definition } = rule;
  const { event, context } = at.step;
  const flags = flagsOf(rule, event.at, context);
  if (definition.effectiveFrom !== undefined && event.at < definition.effectiveFrom) return flags;
  const { truths, missing, evaluation } = lane.scratch;
  const gate = settled(truths[rule.gate] ?? 0, missing[rule.gate] === 1, rule);
  if (gate !== hit) return gate | flags;
  const folded = rule.sliding !== undefined && (at.state.panes[rule.sliding]?.length ?? 0) > 0;
  if (folded && definition.overflow === "fail-closed") return hit | flags | overflowFlag;
  const more = folded ? flags | approximateFlag : flags;
  if (rule.having === undefined) return hit | more;
  evaluation.missing = false;
  return settled(rule.having(evaluation), evaluation.missing, rule) | more;
}

/** Truth as an outcome: the rule's policy decides for missing fields, other errors are errors. */
function settled(truth: number, isMissing: boolean, rule: CompiledRule): number {
  if (truth === 1) return hit;
  if (truth === 0) return noHit;
  if (!isMissing) return failed;
  const { onMissing } = rule.definition;
  return onMissing === "true" ? hit : onMissing === "error" ? failed : noHit;
}

function detailOf(
  { lane, rule }: { readonly lane: CompiledLane; readonly rule: CompiledRule },
  state: LaneState,
  step: JudgeStep,
): HitDetail {
  const { id, at } = step.event;
  const sliding = lane.slidings[rule.sliding ?? -1]?.window;
  if (sliding !== undefined) {
    const number = sliding.log.newestAt(state, at);
    const eventIds = sliding.idsAt(state, { at, number, most: maxListedIds });
    return { matchId: id, eventIds, matches: 1 };
  }
  const buckets = lane.buckets[rule.bucket ?? -1]?.window;
  const number = buckets?.numberAt(state, at) ?? -1;
  if (buckets === undefined || number < 0) return { matchId: id, eventIds: [id], matches: 1 };
  return windowDetail(buckets, state, number);
}
