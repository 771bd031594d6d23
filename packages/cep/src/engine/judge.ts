import type { StreamEvent, Value } from "../stream.ts";
import { type Entry, insert, latestAt, wordBits } from "../window/log.ts";
import { correct } from "./correct.ts";
import type { JudgeContext } from "./judge-context.ts";
import { judgeJoins } from "./judge-joins.ts";
import { judgePatterns } from "./judge-patterns.ts";
import {
  bucketAt,
  growHistories,
  idsInBucket,
  idsInWindow,
  type Placed,
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
  noHit,
  type Output,
  overflowFlag,
  silent,
  warmingFlag,
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
  step: { readonly event: StreamEvent; readonly context: JudgeContext; readonly output: Output },
): Judgement {
  const { event, context } = step;
  const { evaluation } = lane.scratch;
  const values = lane.blankAggregates.slice();
  evaluation.event = event;
  evaluation.aggregates = values;
  const rows = recallRows(lane, state, event.at);
  readHistories(lane, state, { at: event.at, values });
  evaluateConditions(lane, event.type);
  const placed = place(lane, state, event);
  updateSlidings(lane, state, { placed, values });
  updateBuckets(lane, state, { placed, values, closedUpTo: context.closedUpTo });
  const judgement: Judgement = {
    lane,
    event,
    codes: [],
    aggregates: values,
    rows,
    hits: [],
    outcome: "approve",
    score: 0,
  };
  for (const rule of lane.rules) {
    judgement.codes.push(judgeRule(rule, lane, { state, context, at: event.at }));
  }
  if (lane.patterns.length > 0) judgePatterns(judgement, state, { ...step, placed });
  if (lane.joins.length > 0) judgeJoins(judgement, state, step);
  settle(judgement, state, { ...step, placed });
  if (!placed.inOrder) correct(judgement, state, { ...step, placed });
  growHistories(lane, state, event);
  rememberRow(lane, state, event);
  trim(lane, state, context);
  return judgement;
}

function evaluateConditions(lane: CompiledLane, type: string): void {
  const { truths, missing, evaluation } = lane.scratch;
  for (let c = 0; c < lane.conditions.length; c++) {
    const condition = lane.conditions[c];
    if (condition === undefined) continue;
    if (condition.types !== undefined && !condition.types.includes(type)) {
      truths[c] = 0;
      continue;
    }
    evaluation.missing = false;
    const truth = condition.evaluate(evaluation);
    truths[c] = truth;
    if (truth === -1) missing[c] = evaluation.missing ? 1 : 0;
  }
}

/** Puts the event into the log, reduced to what rules may still ask. */
function place(lane: CompiledLane, state: LaneState, event: StreamEvent): Placed {
  const { truths } = lane.scratch;
  let mask = 0;
  let more: number[] | undefined;
  for (let bit = 0; bit < lane.bits.length; bit++) {
    if (truths[lane.bits[bit] ?? 0] !== 1) continue;
    if (bit < wordBits) mask |= 1 << bit;
    else {
      more ??= new Array<number>(Math.ceil(lane.bits.length / wordBits) - 1).fill(0);
      const word = Math.floor(bit / wordBits) - 1;
      more[word] = (more[word] ?? 0) | (1 << (bit % wordBits));
    }
  }
  const { projection } = lane;
  const values =
    projection.length === 0 ? noValues : projection.map((field) => event.values[field]);
  const entry: Entry = { id: event.id, type: event.type, at: event.at, mask, more, values };
  const inOrder = event.at >= latestAt(state.log);
  return { entry, number: insert(state.log, entry), inOrder };
}

/** The code of a rule that looks at windows or at the event alone; others start as no hit. */
function judgeRule(
  rule: CompiledRule,
  lane: CompiledLane,
  step: { readonly state: LaneState; readonly context: JudgeContext; readonly at: number },
): number {
  if (!rule.judgesEvents) return silent;
  const { definition } = rule;
  const { at, context } = step;
  const warming = at <= rule.warmUntil ? warmingFlag : 0;
  const flags = context.incomplete ? warming | approximateFlag : warming;
  if (rule.gate < 0) return noHit | flags;
  if (definition.effectiveFrom !== undefined && at < definition.effectiveFrom) return noHit | flags;
  const { truths, missing, evaluation } = lane.scratch;
  const gate = settled(truths[rule.gate] ?? 0, missing[rule.gate] === 1, rule);
  if (gate !== hit) return gate | flags;
  const folded = rule.sliding !== undefined && (step.state.panes[rule.sliding]?.length ?? 0) > 0;
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
function settle(
  judgement: Judgement,
  state: LaneState,
  step: { readonly placed: Placed; readonly context: JudgeContext; readonly output: Output },
): void {
  const { at } = judgement.event;
  for (const rule of judgement.lane.rules) {
    const code = judgement.codes[rule.index] ?? silent;
    if (!isHit(code)) {
      if (rule.gate >= 0 && judgement.lane.scratch.truths[rule.gate] === 1)
        noteMiss(rule, state, at);
      continue;
    }
    const { mode, action, score } = rule.definition;
    if (mode === "active") {
      judgement.outcome = higher(judgement.outcome, action);
      judgement.score = Math.max(judgement.score, score);
    }
    if (rule.gate < 0) continue;
    const detail = detailOf(rule, judgement, { state, placed: step.placed });
    judgement.hits[rule.index] = detail;
    const { stream } = step.context;
    tell(judgement, rule, { detail, stream, revision: 0, holds: true, output: step.output, state });
  }
}

function detailOf(
  rule: CompiledRule,
  judgement: Judgement,
  at: { readonly state: LaneState; readonly placed: Placed },
): HitDetail {
  const { lane, event } = judgement;
  const { log } = at.state;
  if (rule.sliding !== undefined) {
    const spec = lane.slidings[rule.sliding]?.spec;
    const eventIds = spec === undefined ? [] : idsInWindow(spec, log, at.placed.number);
    return { matchId: event.id, eventIds, matches: 1 };
  }
  const spec = rule.bucket === undefined ? undefined : lane.buckets[rule.bucket]?.spec;
  const bucket = bucketAt(at.state.buckets[rule.bucket ?? -1] ?? [], event.at);
  if (spec === undefined || bucket === undefined) {
    return { matchId: event.id, eventIds: [event.id], matches: 1 };
  }
  return { matchId: String(bucket.start), eventIds: idsInBucket(spec, log, bucket), matches: 1 };
}
