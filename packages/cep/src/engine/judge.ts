import type { StreamEvent, Value } from "../stream.ts";
import { bucketAt } from "../window/buckets.ts";
import { type Entry, insert, latestAt, wordBits } from "../window/log.ts";
import { correct } from "./correct.ts";
import { fireFull } from "./fire.ts";
import type { JudgeContext } from "./judge-context.ts";
import { flagsOf } from "./judge-flags.ts";
import { judgeJoins } from "./judge-joins.ts";
import { judgePatterns } from "./judge-patterns.ts";
import {
  growHistories,
  idsInBucket,
  idsInWindow,
  readHistories,
  updateBuckets,
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
  noHit,
  noteHit,
  type Output,
  overflowFlag,
  silent,
} from "./judgement.ts";
import type { CompiledLane, CompiledRule } from "./lane-plan.ts";
import { noteMiss, tell } from "./speak.ts";
import type { LaneState } from "./state.ts";
import { recallRows, rememberRow } from "./tables.ts";
import { trim } from "./trim.ts";
import { isHit } from "./verdict.ts";

const noValues: readonly Value[] = [];

/** Applies one event to a lane: verdicts of its rules, and what they have to say. */
export function judge(
  lane: CompiledLane,
  state: LaneState,
  given: { readonly event: StreamEvent; readonly context: JudgeContext; readonly output: Output },
): Judgement {
  const { event, context, output } = given;
  const { evaluation } = lane.scratch;
  const aggregates = lane.blankAggregates.slice();
  evaluation.event = event;
  evaluation.aggregates = aggregates;
  const rows = recallRows(lane, state, event.at);
  if (lane.histories.length > 0) readHistories(lane, state, { at: event.at, values: aggregates });
  evaluateConditions(lane, event.type);
  const entry = project(lane, event);
  const inOrder = event.at >= latestAt(state.log);
  const step = { event, context, output, entry, number: insert(state.log, entry), inOrder };
  const codes = lane.blankCodes.slice();
  const judgement: Judgement = {
    lane,
    event,
    codes,
    aggregates,
    rows,
    hits: undefined,
    outcome: "approve",
    score: 0,
  };
  updateSlidings(judgement, state, step);
  if (lane.buckets.length > 0) updateBuckets(judgement, state, step);
  for (const rule of lane.rules) {
    if (rule.gate >= 0) codes[rule.index] = judgeRule(rule, lane, { state, step });
  }
  if (lane.patterns.length > 0) judgePatterns(judgement, state, step);
  if (lane.joins.length > 0) judgeJoins(judgement, state, step);
  settle(judgement, state, step);
  if (lane.buckets.length > 0) fireFull(lane, state, { due: event.at, context, output });
  if (!inOrder) correct(judgement, state, step);
  if (lane.histories.length > 0) growHistories(lane, state, event);
  if (lane.tables.length > 0) rememberRow(lane, state, event);
  trim(lane, state, context);
  return judgement;
}

/** Settles the truth of all conditions that do not depend on a run. */
function evaluateConditions(lane: CompiledLane, type: string): void {
  const { truths, missing, evaluation } = lane.scratch;
  truths.fill(0);
  for (const c of lane.conditionsByType.get(type) ?? lane.conditionsOnAll) {
    const condition = lane.conditions[c];
    if (condition === undefined) continue;
    evaluation.missing = false;
    const truth = condition.evaluate(evaluation);
    truths[c] = truth;
    if (truth === -1) missing[c] = evaluation.missing ? 1 : 0;
  }
}

/** The event reduced to what rules may still ask of it. */
function project(lane: CompiledLane, event: StreamEvent): Entry {
  const { truths } = lane.scratch;
  const { bits, projection } = lane;
  let mask = 0;
  const first = Math.min(bits.length, wordBits);
  for (let bit = 0; bit < first; bit++) if (truths[bits[bit] ?? 0] === 1) mask |= 1 << bit;
  const more = bits.length > wordBits ? furtherWords(lane) : undefined;
  let values = noValues;
  if (projection.length > 0) {
    const kept = new Array<Value>(projection.length);
    for (let i = 0; i < projection.length; i++) kept[i] = event.values[projection[i] ?? 0];
    values = kept;
  }
  return { id: event.id, type: event.type, at: event.at, mask, more, values };
}

function furtherWords(lane: CompiledLane): readonly number[] {
  const words = new Array<number>(Math.ceil(lane.bits.length / wordBits) - 1).fill(0);
  for (let bit = wordBits; bit < lane.bits.length; bit++) {
    if (lane.scratch.truths[lane.bits[bit] ?? 0] !== 1) continue;
    const word = Math.floor(bit / wordBits) - 1;
    words[word] = (words[word] ?? 0) | (1 << (bit % wordBits));
  }
  return words;
}

/** The code of a rule that looks at windows or at the event alone. */
function judgeRule(
  rule: CompiledRule,
  lane: CompiledLane,
  at: { readonly state: LaneState; readonly step: JudgeStep },
): number {
  if (!rule.judgesEvents) return silent;
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
    const detail = detailOf(rule, state, step);
    noteHit(judgement, rule.index, detail);
    const { context, output } = step;
    tell(judgement, rule, { detail, context, revision: 0, holds: true, output, state });
  }
}

function detailOf(rule: CompiledRule, state: LaneState, step: JudgeStep): HitDetail {
  const { event } = step;
  if (rule.slidingSpec !== undefined) {
    const eventIds = idsInWindow(rule.slidingSpec, state.log, step.number);
    return { matchId: event.id, eventIds, matches: 1 };
  }
  const bucket = bucketAt(state.buckets[rule.bucket ?? -1] ?? [], event.at);
  if (rule.bucketSpec === undefined || bucket === undefined) {
    return { matchId: event.id, eventIds: [event.id], matches: 1 };
  }
  const eventIds = idsInBucket(rule.bucketSpec, state.log, bucket);
  return { matchId: String(bucket.start), eventIds, matches: 1 };
}
