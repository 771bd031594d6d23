import type { HitDetail, Judgement, Output } from "./judgement.ts";
import type { CompiledRule } from "./lane-plan.ts";
import { isMarked, markOf, noteAlerted, noteHeld } from "./marks.ts";
import type { LaneState } from "./state.ts";
import type { Alert, RuleResult } from "./types.ts";
import { resultOf } from "./verdict.ts";

/**
 * Whether a hit is to be told: `enter` speaks when the rule was not holding just before (an event
 * that did not hold, or a window that has turned over since), `cooldown` keeps it quiet for a while
 * after it spoke. Out-of-order hits never move the marks backwards.
 */
function mayAlert(rule: CompiledRule, state: LaneState, at: number): boolean {
  const { emit } = rule.definition;
  if (emit.on === "every" && emit.cooldownMs === 0) return true;
  const { held, heldAt, alertedAt } = markOf(rule, state);
  const inside = held && Math.abs(at - heldAt) <= rule.spanMs;
  noteHeld(rule, state, { held: true, heldAt: at });
  if (emit.on === "enter" && inside) return false;
  if (emit.cooldownMs > 0 && at - alertedAt < emit.cooldownMs) return false;
  noteAlerted(rule, state, at);
  return true;
}

/** Notes that a judged event did not hold. */
export function noteMiss(rule: CompiledRule, state: LaneState, at: number): void {
  if (isMarked(rule, state)) noteHeld(rule, state, { held: false, heldAt: at });
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
  const { state, output } = telling;
  const { at } = judgement.event;
  if (state !== undefined && !mayAlert(rule, state, at)) return;
  if (rule.definition.mode !== "active") return;
  const alert = new ToldAlert(judgement, rule, telling);
  if (output.alerts === undefined) output.alerts = [alert];
  else output.alerts.push(alert);
}

/** An alert whose explanation is put into words only when somebody asks. */
class ToldAlert implements Alert {
  declare readonly ruleId: string;
  declare readonly version: number;
  declare readonly matchId: string;
  declare readonly time: Alert["time"];
  declare readonly revision: number;
  declare readonly holds: boolean;
  declare readonly at: number;
  declare readonly action: Alert["action"];
  declare readonly score: number;
  declare readonly reason: string;
  declare readonly values: Alert["values"];
  declare readonly eventIds: readonly string[];
  declare readonly sentence: string;
  readonly #result: RuleResult;

  constructor(judgement: Judgement, rule: CompiledRule, { detail, revision, holds }: Telling) {
    const result = resultOf(judgement, rule);
    this.ruleId = result.ruleId;
    this.version = result.version;
    this.matchId = detail.matchId;
    this.time = judgement.lane.time;
    this.revision = revision;
    this.holds = holds;
    this.at = judgement.event.at;
    this.action = result.action;
    this.score = result.score;
    this.reason = result.reason;
    this.values = result.values;
    this.eventIds = detail.eventIds;
    this.sentence = rule.definition.sentence;
    this.#result = result;
  }

  get explanation(): string {
    return this.#result.explanation;
  }
}
