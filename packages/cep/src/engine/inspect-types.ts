import type { WindowSpec } from "../rules/definition.ts";
import type { Mode } from "../rules/types.ts";
import type { Value } from "../stream.ts";

/** What a window holds at the moment. */
export type WindowView = {
  readonly kind: WindowSpec["kind"];
  /** Event times, epoch milliseconds, both included; a session's and a tumbling window's end is when it closes. */
  readonly from: number;
  readonly to: number;
  /** How many events it holds. */
  readonly events: number;
  /** The newest of them, oldest first. */
  readonly eventIds: readonly string[];
  /** By expression, as in results: `{"sum(tx.amount)": 15000}`, money in minor units. */
  readonly values: Readonly<Record<string, Value>>;
  /** In words, where the rule compares one value with one limit. */
  readonly limit: string | undefined;
  /** Some events were folded into panes. */
  readonly approximate: boolean;
  /** "2 payments from … to …: count() is 2, limit 3." */
  readonly explanation: string;
};

/** A sequence that has begun and is not complete. */
export type PartialMatchView = {
  /** Ids of the events taken, by stage. */
  readonly stages: Readonly<Record<string, readonly string[]>>;
  /** Time of its first event. */
  readonly since: number;
  /** Stages of which one has to come next; empty when only time decides. */
  readonly waitsFor: readonly string[];
  /** A trailing absence: it becomes a match when the time is over. */
  readonly completesByTime: boolean;
  /** `undefined` when nothing bounds it. */
  readonly timesOutAt: number | undefined;
  readonly explanation: string;
};

/** What a rule remembers of the key beyond windows. */
export type HistoryView = {
  readonly from: number;
  readonly to: number;
  /** By expression: `{"history.avg(tx.amount)": 2000}`; `undefined` where nothing is known. */
  readonly values: Readonly<Record<string, Value>>;
  readonly explanation: string;
};

/** What one rule knows of a key. A rule that judges both early and finally appears twice. */
export type RuleView = {
  readonly ruleId: string;
  readonly version: number;
  readonly mode: Mode;
  readonly time: "early" | "final";
  /** The rule in English. */
  readonly sentence: string;
  readonly windows: readonly WindowView[];
  readonly partialMatches: readonly PartialMatchView[];
  readonly history: HistoryView | undefined;
};

/** What all rules know of a key at a time. */
export type KeyView = {
  /** The time asked for, or that of the key's latest event if that is later. */
  readonly at: number;
  /** `undefined` for a key that was never seen. */
  readonly latestAt: number | undefined;
  readonly rules: readonly RuleView[];
};
