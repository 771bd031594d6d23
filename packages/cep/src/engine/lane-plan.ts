import type { BooleanFunction, Evaluation, ValueFunction } from "../language/evaluate.ts";
import type { AggregateFunction } from "../language/expression.ts";
import type { Automaton } from "../pattern/automaton.ts";
import type { RuleDefinition } from "../rules/definition.ts";
import type { BucketSpec } from "../window/buckets.ts";
import type { HistorySpec } from "../window/history.ts";
import type { SlidingSpec } from "../window/sliding.ts";
import type { RunEvent, TableRow } from "./state.ts";

/** A condition with its closure. */
export type CompiledCondition = {
  readonly fingerprint: string;
  readonly types: readonly string[] | undefined;
  readonly evaluate: BooleanFunction;
  /** Bit in the masks of log entries; -1 when it depends on more than the event. */
  readonly bit: number;
};

/** Where an aggregate's value comes from; column `undefined` is count(). */
export type AggregateSource = {
  readonly fn: AggregateFunction;
  readonly column: number | undefined;
  /** Place among the values of a step. */
  readonly slot: number;
};

/** A window with the aggregates that are asked of it and the conditions that ask. */
export type CompiledWindow<S> = {
  readonly spec: S;
  readonly aggregates: readonly AggregateSource[];
  /** Conditions of which one must hold for the window's values to be wanted. */
  readonly wantedBy: readonly number[];
};

/** A value that a rule looks at, for explanations. */
export type Leaf = { readonly name: string; readonly type: string; readonly read: ValueFunction };

export type CompiledRule = {
  readonly definition: RuleDefinition;
  /** Place among the lane's rules. */
  readonly index: number;
  /** Condition that an event must meet to be judged; -1 for patterns and joins. */
  readonly gate: number;
  readonly having: BooleanFunction | undefined;
  readonly sliding: number | undefined;
  readonly slidingSpec: SlidingSpec | undefined;
  readonly bucket: number | undefined;
  readonly bucketSpec: BucketSpec | undefined;
  readonly history: number | undefined;
  readonly table: number | undefined;
  readonly pattern: number | undefined;
  readonly join: number | undefined;
  readonly leaves: readonly Leaf[];
  /** Whether single events are judged, or only closed windows. */
  readonly judgesEvents: boolean;
  /** Events up to this time are judged with less than a full window behind them. */
  readonly warmUntil: number;
  /** How long a hit keeps the rule inside its condition, for `emit: enter`. */
  readonly spanMs: number;
};

/** A pattern with what its runs keep of events. */
export type CompiledPattern = {
  readonly fingerprint: string;
  readonly automaton: Automaton<RunEvent>;
  /** Fields that runs keep, in this order. */
  readonly captured: readonly number[];
  readonly withinMs: number;
  readonly since: number;
};

export type CompiledJoin = {
  readonly fingerprint: string;
  readonly left: number;
  readonly rightTypes: readonly string[];
  /** Evaluated with the right event at hand and the left one beside it. */
  readonly right: BooleanFunction;
  readonly lowerMs: number;
  readonly upperMs: number;
  readonly mode: "inner" | "missing";
  /** Fields kept of left and of right events. */
  readonly kept: readonly number[];
  readonly rightKept: readonly number[];
  readonly since: number;
};

/** The versions of the key's row in a table. */
export type CompiledTable = {
  readonly fingerprint: string;
  readonly type: string;
  readonly memoryMs: number;
  readonly kept: readonly number[];
  readonly since: number;
};

/** What the closures of a lane read while one event is judged. Carries nothing between steps. */
export type Scratch = {
  readonly evaluation: Evaluation;
  /** Truth of each condition for the event at hand. */
  readonly truths: Int8Array;
  /** 1 where a missing field made it an error. */
  readonly missing: Uint8Array;
  /** Per table the row that is valid at the event's time. */
  readonly rows: (TableRow | undefined)[];
};

/** The rules of one lane, compiled: immutable but for the scratch space. */
export type CompiledLane = {
  readonly time: "early" | "final";
  readonly rules: readonly CompiledRule[];
  readonly conditions: readonly CompiledCondition[];
  /** Conditions by bit. */
  readonly bits: readonly number[];
  readonly slidings: readonly CompiledWindow<SlidingSpec>[];
  readonly buckets: readonly CompiledWindow<BucketSpec>[];
  readonly histories: readonly CompiledWindow<HistorySpec>[];
  readonly tables: readonly CompiledTable[];
  readonly patterns: readonly CompiledPattern[];
  readonly joins: readonly CompiledJoin[];
  /** Conditions that can hold for an event type; those on all types serve for the rest. */
  readonly conditionsByType: ReadonlyMap<string, readonly number[]>;
  readonly conditionsOnAll: readonly number[];
  /** Rules that time alone can make speak. */
  readonly timedRules: readonly CompiledRule[];
  /** Codes and values of a step before anything was judged or computed. */
  readonly blankCodes: readonly number[];
  readonly blankAggregates: readonly number[];
  /** Fields that log entries keep. */
  readonly projection: readonly number[];
  /** How far back the log must reach. */
  readonly logMs: number;
  /** How long anything of the lane can matter after the key's latest event. */
  readonly retentionMs: number;
  readonly fingerprints: readonly string[];
  readonly scratch: Scratch;
};
