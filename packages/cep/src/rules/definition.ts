import type { Expression } from "../language/expression.ts";
import type { PatternSpec } from "../pattern/pattern.ts";
import type { Stream } from "../stream.ts";
import type { Rule } from "./types.ts";

/** A typed condition with the event types it applies to (`undefined`: every type). */
export type Condition = {
  readonly text: string;
  readonly expression: Expression;
  readonly types: readonly string[] | undefined;
};

export type WindowSpec =
  /** [t − size, t], both ends included, evaluated for each event. */
  | { readonly kind: "sliding"; readonly sizeMs: number }
  /** [n × size, (n + 1) × size). */
  | { readonly kind: "tumbling"; readonly sizeMs: number }
  /** Events closer than or exactly at the gap belong together. */
  | { readonly kind: "session"; readonly gapMs: number }
  /** All events since the last firing; fires by count or by time since the first. */
  | { readonly kind: "global"; readonly count?: number; readonly timeMs?: number };

export type WindowPlan = {
  readonly kind: "window";
  /** Absent for rules that look at one event, with or without history. */
  readonly window: WindowSpec | undefined;
  /** Which events fill the window. */
  readonly fill: Condition;
  /** Which events are judged; the same as `fill` unless the rule says `over`. */
  readonly gate: Condition;
  readonly having: Condition | undefined;
};

export type PatternPlan = {
  readonly kind: "pattern";
  readonly spec: PatternSpec<Condition>;
  /** Event fields that conditions on earlier stages read. */
  readonly captured: readonly number[];
};

export type JoinPlan = {
  readonly kind: "join";
  readonly left: Condition;
  readonly right: Condition;
  /** `right.at − left.at` lies in [lowerMs, upperMs]. */
  readonly lowerMs: number;
  readonly upperMs: number;
  /** `inner` hits on each pair, `missing` on each left event that found no right one. */
  readonly mode: "inner" | "missing";
  readonly aliases: readonly [string, string];
};

export type TableSpec = {
  readonly alias: string;
  /** Event type whose events are the versions of the key's row. */
  readonly type: string;
};

export type Emit = {
  readonly on: "enter" | "every";
  readonly cooldownMs: number;
  readonly time: "early" | "final" | "both";
  readonly timedOut: boolean;
};

export type Overflow = "degrade" | "drop-oldest-run" | "fail-closed";
export type OnMissing = "false" | "true" | "error";

/** A rule with its typed plan: the one intermediate form everything is derived from. */
export type RuleDefinition = Rule & {
  readonly plan: WindowPlan | PatternPlan | JoinPlan;
  readonly memoryMs: number | undefined;
  readonly table: TableSpec | undefined;
  readonly emit: Emit;
  readonly overflow: Overflow;
  readonly onMissing: OnMissing;
};

/** A rule pack that passed every check. Plain, immutable data. */
export type RulePack = {
  readonly stream: Stream;
  readonly rules: readonly RuleDefinition[];
};
