import type { Action } from "../rules/types.ts";
import type { StreamEvent } from "../stream.ts";
import type { JudgeContext } from "./judge-context.ts";
import type { CompiledLane, CompiledRule } from "./lane-plan.ts";
import type { TableRow } from "./state.ts";
import type { Alert, FinalResult, TimedOut } from "./types.ts";

/** A rule's outcome and flags in one small integer, so that judging allocates little. */
export const outcomeMask = 3;
export const noHit = 0;
export const hit = 1;
export const failed = 2;
/** The rule says nothing about single events. */
export const silent = 3;
export const warmingFlag = 4;
export const approximateFlag = 8;
export const overflowFlag = 16;

/** What a rule's hit is made of; captured at once, since state moves on. */
export type HitDetail = {
  readonly matchId: string;
  readonly eventIds: readonly string[];
  /** Of a pattern: how many matches the event completed. */
  readonly matches: number;
};

/** What one lane made of one event. */
export type Judgement = {
  readonly lane: CompiledLane;
  readonly event: StreamEvent;
  /** By rule its code, then the values of aggregates by slot. */
  readonly values: number[];
  readonly rows: readonly (TableRow | undefined)[];
  /** By rule; absent while no rule has hit. */
  hits: (HitDetail | undefined)[] | undefined;
  outcome: Action;
  score: number;
};

/** What time or an event brought besides verdicts; lists are made when there is something. */
export type Output = {
  alerts: Alert[] | undefined;
  finals: FinalResult[] | undefined;
  timedOut: TimedOut[] | undefined;
};

/** The event at hand, and what it brings about. One object serves many events. */
export type JudgeStep = {
  event: StreamEvent;
  readonly context: JudgeContext;
  readonly output: Output;
  /** No event of a later time had arrived before. */
  inOrder: boolean;
};

/** A judgement before anything was judged. */
export function newJudgement(
  lane: CompiledLane,
  event: StreamEvent,
  rows: readonly (TableRow | undefined)[],
): Judgement {
  return {
    lane,
    event,
    values: lane.blank.values.slice(),
    rows,
    hits: undefined,
    outcome: "approve",
    score: 0,
  };
}

/** Notes that a rule hit and why; what it asks for counts if it is active. */
export function noteHit(judgement: Judgement, rule: CompiledRule, detail: HitDetail): void {
  judgement.hits ??= judgement.lane.rules.map(() => undefined);
  judgement.hits[rule.index] = detail;
  const { mode, action, score } = rule.definition;
  if (mode !== "active") return;
  judgement.outcome = higher(judgement.outcome, action);
  judgement.score = Math.max(judgement.score, score);
}

const rank: Readonly<Record<Action, number>> = { approve: 0, review: 1, decline: 2 };

/** The higher of two actions: decline > review > approve. */
function higher(a: Action, b: Action): Action {
  return rank[a] >= rank[b] ? a : b;
}
