import type { Action } from "../rules/types.ts";
import type { StreamEvent } from "../stream.ts";
import type { CompiledLane } from "./lane-plan.ts";
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
  readonly codes: number[];
  readonly aggregates: number[];
  readonly rows: readonly (TableRow | undefined)[];
  readonly hits: (HitDetail | undefined)[];
  outcome: Action;
  score: number;
};

/** What time or an event brought besides verdicts on that event. */
export type Output = {
  readonly alerts: Alert[];
  readonly finals: FinalResult[];
  readonly timedOut: TimedOut[];
};

const rank: Readonly<Record<Action, number>> = { approve: 0, review: 1, decline: 2 };

/** The higher of two actions: decline > review > approve. */
export function higher(a: Action, b: Action): Action {
  return rank[a] >= rank[b] ? a : b;
}
