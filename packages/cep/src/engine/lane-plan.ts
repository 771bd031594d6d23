import type { BooleanFunction, Evaluation, ValueFunction } from "../language/evaluate.ts";
import type { Automaton } from "../pattern/automaton.ts";
import type { RuleDefinition } from "../rules/definition.ts";
import type { Stream } from "../stream.ts";
import type { Arena } from "../window/arena.ts";
import type { Buckets } from "../window/buckets.ts";
import type { History } from "../window/history.ts";
import type { EventLog, LogLayout } from "../window/log.ts";
import type { SlidingWindow } from "../window/sliding.ts";
import type { RunEvent, TableRow } from "./state.ts";
import type { TypePlans } from "./type-plans.ts";
import type { Limits } from "./types.ts";

/** A condition with its closure. */
export type CompiledCondition = {
  readonly fingerprint: string;
  readonly types: readonly string[] | undefined;
  readonly evaluate: BooleanFunction;
  /** It depends on nothing but the event's type. */
  readonly isTypeAlone: boolean;
  /** Place among the lane's conditions. */
  readonly index: number;
  /** Bit in the masks of log entries; -1 when it depends on more than the event. */
  readonly bit: number;
};

/** A window with the conditions that ask for its values. */
export type CompiledWindow<W> = {
  readonly window: W;
  /** Conditions of which one must hold for the window's values to be wanted. */
  readonly wantedBy: readonly number[];
};

/** Buckets with the rules that speak when one closes. */
export type CompiledBucket = CompiledWindow<Buckets> & {
  readonly speakers: readonly CompiledRule[];
};

/** A value that a rule looks at, for explanations. */
export type Leaf = { readonly name: string; readonly type: string; readonly read: ValueFunction };

export type CompiledRule = {
  readonly definition: RuleDefinition;
  /** Place among the lane's rules. */
  readonly index: number;
  /** First of the cells of its mark. */
  readonly mark: number;
  /** Condition that an event must meet to be judged; -1 for patterns and joins. */
  readonly gate: number;
  readonly having: BooleanFunction | undefined;
  readonly sliding: number | undefined;
  readonly bucket: number | undefined;
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
  /** Conditions of which one must hold for an event to begin a match; `undefined`: any event may. */
  readonly openers: readonly number[] | undefined;
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

/**
 * A log of the key's events. The recent one has all events, for deduplication, patterns and short
 * windows; a longer window has a log of just the events that fill it.
 */
export type CompiledLog = {
  readonly fingerprint: string;
  /** Bit of the condition whose events it keeps; -1 for all. */
  readonly fill: number;
  readonly spanMs: number;
  readonly log: EventLog;
  /** The windows that look at it. */
  readonly windows: readonly SlidingWindow[];
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
  /** Truth of each condition for the event at hand: those of the plan of its type. */
  truths: Int8Array;
  /** 1 where a missing field made it an error. */
  readonly missing: Uint8Array;
  /** Per table the row that is valid at the event's time. */
  readonly rows: (TableRow | undefined)[];
  /** The event's mask, and its number in each log (-1 where that does not keep it). */
  readonly words: number[];
  readonly numbers: number[];
};

/** What a key's state begins with, besides its arena, and a step's results are copied from. */
export type Blank = {
  /** A code a rule, then the values of aggregates. */
  readonly values: readonly number[];
  readonly slidings: readonly undefined[];
  readonly tables: readonly undefined[];
  readonly patterns: readonly undefined[];
  readonly joins: readonly undefined[];
};

/** The rules of one lane, compiled: immutable but for the scratch space. */
export type CompiledLane = {
  readonly time: "early" | "final";
  readonly stream: Stream;
  readonly limits: Limits;
  readonly rules: readonly CompiledRule[];
  readonly conditions: readonly CompiledCondition[];
  /** Conditions by bit. */
  readonly bits: readonly number[];
  readonly layout: LogLayout;
  /** The first one is the recent log, where the lane needs one. */
  readonly logs: readonly CompiledLog[];
  readonly slidings: readonly CompiledWindow<SlidingWindow>[];
  readonly buckets: readonly CompiledBucket[];
  readonly histories: readonly CompiledWindow<History>[];
  readonly tables: readonly CompiledTable[];
  readonly patterns: readonly CompiledPattern[];
  readonly joins: readonly CompiledJoin[];
  readonly plans: TypePlans;
  /** Rules that look at each event by its windows, its history or itself alone. */
  readonly gated: readonly CompiledRule[];
  /** Rules that look for a sequence. */
  readonly sequential: readonly CompiledRule[];
  /** Rules that have a verdict on each event. */
  readonly judging: readonly CompiledRule[];
  /** Rules that time alone can make speak. */
  readonly timedRules: readonly CompiledRule[];
  /** Where its state lies. */
  readonly arena: Arena;
  /**
   * Nothing but sums of windows that close: events may come in any order. Such a lane has no state
   * of its own, it shares the arena of the lane that judges on arrival.
   */
  readonly isOrderFree: boolean;
  readonly blank: Blank;
  /** How long anything of the lane can matter after the key's latest event. */
  readonly retentionMs: number;
  readonly fingerprints: readonly string[];
  readonly scratch: Scratch;
};
