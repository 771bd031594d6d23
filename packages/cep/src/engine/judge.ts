import type { StreamEvent } from "../stream.ts";
import { bucketAt } from "../window/buckets.ts";
import { type EventLog, insert, latestAt, wordBits } from "../window/log.ts";
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
} from "./judge-windows.ts";
import {
  approximateFlag,
  failed,
  type HitDetail,
  higher,
  hit,
  type Judgement,
  type JudgeStep,
  newJudgement,
  noHit,
  noteHit,
  overflowFlag,
  silent,
} from "./judgement.ts";
import type { CompiledLane, CompiledRule } from "./lane-plan.ts";
import { noteMiss, tell } from "./speak.ts";
import type { LaneState } from "./state.ts";
import { recallRows, rememberRow } from "./tables.ts";
import { fold } from "./trim.ts";
import { isHit } from "./verdict.ts";

/** Applies one event to a trimmed lane: verdicts of its rules, and what they have to say. */
export function judge(lane: CompiledLane, state: LaneState, step: JudgeStep): Judgement {
  const { event, context, output } = step;
  const { evaluation } = lane.scratch;
  const judgement = newJudgement(lane, event, recallRows(lane, state, event.at));
  const { aggregates } = judgement;
  evaluation.event = event;
  evaluation.aggregates = aggregates;
  for (const { window, aggregates: sources } of lane.histories) {
    window.write(state, sources, { values: aggregates, at: event.at });
  }
  settleConditions(lane, event.type);
  step.inOrder = record(lane, state, event);
  updateSlidings(judgement, state, step);
  if (lane.buckets.length > 0) {
    fillBuckets(lane, state, step);
    readBuckets(judgement, state);
  }
  for (const rule of lane.gated) {
    judgement.codes[rule.index] = judgeRule(rule, lane, { state, step });
  }
  if (lane.patterns.length > 0) judgePatterns(judgement, state, step);
  if (lane.joins.length > 0) judgeJoins(judgement, state, step);
  settle(judgement, state, step);
  if (lane.buckets.length > 0) fireFull(lane, state, { due: event.at, context, output });
  if (!step.inOrder) correct(judgement, state, step);
  for (const { window } of lane.histories) window.add(state, event);
  if (lane.tables.length > 0) rememberRow(lane, state, event);
  fold(lane, state, context);
  return judgement;
}

/** Adds an event to the windows of a lane that has nothing else: in any order, without a verdict. */
export function collect(lane: CompiledLane, state: LaneState, step: JudgeStep): void {
  const { event } = step;
  lane.scratch.evaluation.event = event;
  settleConditions(lane, event.type);
  fillBuckets(lane, state, step);
}

/** Settles the truth of all conditions that do not depend on a run. */
function settleConditions(lane: CompiledLane, type: string): void {
  const { truths, missing, evaluation } = lane.scratch;
  const plan = lane.plans.get(type) ?? lane.anyType;
  for (const c of plan.clears) truths[c] = 0;
  for (const c of plan.settles) {
    evaluation.missing = false;
    const truth = lane.conditions[c]?.evaluate(evaluation) ?? 0;
    truths[c] = truth;
    if (truth === -1) missing[c] = evaluation.missing ? 1 : 0;
  }
}

/** Puts the event into the logs that keep it; says whether nothing later had arrived before. */
function record(lane: CompiledLane, state: LaneState, event: StreamEvent): boolean {
  const { logs, layout, bits, scratch } = lane;
  const { words, truths, numbers } = scratch;
  if (logs.length === 0) return true;
  words.fill(0);
  for (let bit = 0; bit < bits.length; bit++) {
    if (truths[bits[bit] as number] !== 1) continue;
    const word = bit < wordBits ? 0 : Math.floor(bit / wordBits);
    words[word] = (words[word] as number) | (1 << (bit - word * wordBits));
  }
  let inOrder = true;
  for (let l = 0; l < logs.length; l++) {
    const log = state.logs[l] as EventLog;
    if (event.at < latestAt(layout, log)) inOrder = false;
    const fill = logs[l]?.fill ?? -1;
    const keeps = fill < 0 || fillsNow(lane, fill);
    numbers[l] = keeps ? insert(layout, log, { event, words }) : -1;
  }
  return inOrder;
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

/** Draws the verdict, says why rules hit, and lets them speak. */
function settle(judgement: Judgement, state: LaneState, step: JudgeStep): void {
  const { lane, codes } = judgement;
  for (const rule of lane.rules) {
    if (!isHit(codes[rule.index] ?? silent)) {
      const judged = rule.gate >= 0 && lane.scratch.truths[rule.gate] === 1;
      if (judged) noteMiss(rule, state, step.event.at);
      continue;
    }
    const { mode, action, score } = rule.definition;
    if (mode === "active") {
      judgement.outcome = higher(judgement.outcome, action);
      judgement.score = Math.max(judgement.score, score);
    }
    if (rule.gate < 0) continue;
    const detail = detailOf({ lane, rule }, state, step);
    noteHit(judgement, rule.index, detail);
    const { context, output } = step;
    tell(judgement, rule, { detail, context, revision: 0, holds: true, output, state });
  }
}

function detailOf(
  { lane, rule }: { readonly lane: CompiledLane; readonly rule: CompiledRule },
  state: LaneState,
  step: JudgeStep,
): HitDetail {
  const { id, at } = step.event;
  const sliding = lane.slidings[rule.sliding ?? -1]?.window;
  if (sliding !== undefined) {
    const number = sliding.newestAt(state, at);
    const eventIds = sliding.idsAt(state, { at, number, most: maxListedIds });
    return { matchId: id, eventIds, matches: 1 };
  }
  const bucket = bucketAt(state.buckets[rule.bucket ?? -1] ?? [], at);
  if (bucket === undefined) return { matchId: id, eventIds: [id], matches: 1 };
  return { matchId: String(bucket.start), eventIds: bucket.ids.slice(), matches: 1 };
}
