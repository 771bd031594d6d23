import type { HitDetail, Judgement, Output } from "./judgement.ts";
import type { CompiledRule } from "./lane-plan.ts";
import type { LaneState, Mark } from "./state.ts";
import type { Alert } from "./types.ts";
import { resultOf } from "./verdict.ts";

/**
 * Whether a hit is to be told: `enter` speaks when the rule was not holding just before (an event
 * that did not hold, or a window that has turned over since), `cooldown` keeps it quiet for a while
 * after it spoke. Out-of-order hits never move the marks backwards.
 */
function mayAlert(rule: CompiledRule, state: LaneState, at: number): boolean {
  const { emit } = rule.definition;
  if (emit.on === "every" && emit.cooldownMs === 0) return true;
  const mark = markOf(rule, state);
  const inside = mark.held && Math.abs(at - mark.heldAt) <= rule.spanMs;
  noteHeld(mark, true, at);
  if (emit.on === "enter" && inside) return false;
  if (emit.cooldownMs > 0 && at - mark.alertedAt < emit.cooldownMs) return false;
  mark.alertedAt = Math.max(mark.alertedAt, at);
  return true;
}

/** Notes that a judged event did not hold. */
export function noteMiss(rule: CompiledRule, state: LaneState, at: number): void {
  const mark = state.marks[rule.index];
  if (mark !== undefined) noteHeld(mark, false, at);
}

function noteHeld(mark: Mark, held: boolean, at: number): void {
  if (at < mark.heldAt) return;
  mark.held = held;
  mark.heldAt = at;
}

function markOf(rule: CompiledRule, state: LaneState): Mark {
  const known = state.marks[rule.index];
  if (known !== undefined) return known;
  const mark = {
    held: false,
    heldAt: Number.NEGATIVE_INFINITY,
    alertedAt: Number.NEGATIVE_INFINITY,
  };
  state.marks = state.marks.with(rule.index, mark);
  return mark;
}

/** What is said of a hit; with `state` the rule's `emit` and `cooldown` are obeyed. */
export type Telling = {
  readonly detail: HitDetail;
  readonly revision: number;
  readonly holds: boolean;
  readonly output: Output;
  readonly state?: LaneState;
};

/** Raises an alert for a rule's hit in a judgement, unless it is throttled or in shadow. */
export function tell(judgement: Judgement, rule: CompiledRule, telling: Telling): void {
  const { detail, state, output } = telling;
  const { at } = judgement.event;
  if (state !== undefined && !mayAlert(rule, state, at)) return;
  if (rule.definition.mode !== "active") return;
  const result = resultOf(judgement, rule);
  const alert: Alert = {
    ruleId: result.ruleId,
    version: result.version,
    matchId: detail.matchId,
    time: judgement.lane.time,
    revision: telling.revision,
    holds: telling.holds,
    at,
    action: result.action,
    score: result.score,
    reason: result.reason,
    values: result.values,
    eventIds: detail.eventIds,
    explanation: result.explanation,
    sentence: rule.definition.sentence,
  };
  if (output.alerts === undefined) output.alerts = [alert];
  else output.alerts.push(alert);
}
