import type { Action, Mode, Rule } from "../rules/types.ts";
import type { StreamEvent, Value } from "../stream.ts";
import type { KeyView } from "./inspect-types.ts";
import type { KeyState } from "./state.ts";

/** Limits per key; exceeding one follows the rule's overflow policy and is flagged, never silent. */
export type Limits = {
  /** Events retained a key (1,000); older ones fold into panes. */
  readonly events: number;
  /** Open partial matches a key and rule (256). */
  readonly runs: number;
  /** Matches reported for one event and rule (40). */
  readonly matches: number;
  /** Bytes of event ids kept a key for deduplication and explanation (16 384). */
  readonly idBytes: number;
};

/**
 * Since which generation, and after which event time (`null`: always), each shared piece of state
 * has been collected without a gap. Plain JSON; see {@link nextLineage}.
 */
export type Lineage = Readonly<
  Record<string, { readonly generation: number; readonly since: number | null }>
>;

export type EngineOptions = {
  /** `declared` obeys each rule's `time`; `final` judges every event when the watermark passes. */
  readonly time?: "declared" | "final";
  /** Generation of the rule set, from the host's one sequence; 0 by default. */
  readonly generation?: number;
  /** Since when each fingerprint has been collected; what is absent has always been. */
  readonly lineage?: Lineage;
  /** How long event ids are remembered; an older record is `too_late`. 10 min by default. */
  readonly dedupeHorizonMs?: number;
  /** How long final windows may still be revised by late events; 0 by default. */
  readonly allowedLatenessMs?: number;
  readonly limits?: Partial<Limits>;
};

/** One rule's verdict on one event (or on one closed window, in {@link FinalResult}). */
export type RuleResult = {
  readonly ruleId: string;
  readonly version: number;
  readonly mode: Mode;
  readonly outcome: "hit" | "no_hit" | "error";
  /** What the rule asks for when it hits; an action of a rule that did not hit has no force. */
  readonly action: Action;
  readonly score: number;
  /** Reason code; `STATE_OVERFLOW` when a fail-closed rule lost state. */
  readonly reason: string;
  /** The values that the rule saw, by expression: `{"count()": 4, "tx.amount": 15000}`. */
  readonly values: Readonly<Record<string, Value>>;
  /** Ids of the events that made the hit, oldest first; empty unless `outcome` is `hit`. */
  readonly eventIds: readonly string[];
  /** The rule has not yet seen a full window since it was activated. */
  readonly warming: boolean;
  /** Some events were folded into panes or dropped by a limit. */
  readonly approximate: boolean;
  /** One English line: "4 payments, limit 3". */
  readonly explanation: string;
};

/** Something to tell an analyst. `(ruleId, version, key, matchId, time, revision)` identifies it. */
export type Alert = {
  readonly ruleId: string;
  readonly version: number;
  /** The same in early and final mode: the event id, the window's start, or the match's events. */
  readonly matchId: string;
  readonly time: "early" | "final";
  /** 0 for the first statement; corrections by events out of order and late revisions count up. */
  readonly revision: number;
  /** False withdraws an earlier alert of this match. */
  readonly holds: boolean;
  /** Event time of what raised it. */
  readonly at: number;
  readonly action: Action;
  readonly score: number;
  readonly reason: string;
  readonly values: Readonly<Record<string, Value>>;
  readonly eventIds: readonly string[];
  /** One English line; put into words when it is read, so a spread of an alert is without it. */
  readonly explanation: string;
  /** The rule's English sentence. */
  readonly sentence: string;
};

/** A verdict that time alone made: a judged event in final mode, or a closed window. */
export type FinalResult = {
  /** Event time of the judged event, or the window's last millisecond. */
  readonly at: number;
  /** The judged event, unless a window or an absence was judged. */
  readonly eventId: string | undefined;
  readonly window: { readonly start: number; readonly end: number } | undefined;
  /** 0 first, then counted up by late events within the allowed lateness. */
  readonly revision: number;
  readonly outcome: Action;
  readonly score: number;
  /** Ids of the rules that hit, shadow rules included; cheaper than `results`. */
  readonly hits: readonly string[];
  readonly results: readonly RuleResult[];
};

/** A partial match that ran out of time, of a rule that asks for them (`emit.timedOut`). */
export type TimedOut = {
  readonly ruleId: string;
  readonly at: number;
  readonly stages: Readonly<Record<string, readonly string[]>>;
};

/** What every step returns, besides the changed state. Immutable; later steps do not touch it. */
export type StepTail = {
  readonly alerts: readonly Alert[];
  readonly finals: readonly FinalResult[];
  readonly timedOut: readonly TimedOut[];
  /** The watermark at which this key must be advanced next, or `undefined` when nothing waits. */
  readonly dueAt: number | undefined;
  /** Once the watermark exceeds this, the state means nothing and may be deleted. */
  readonly expiresAt: number;
};

/** The outcome of one event. */
export type Step = StepTail & {
  /**
   * `judged`: rules ran (for `final` engines: will run). `duplicate`: the id was known, the
   * event changed nothing. `too_late`: older than the deduplication horizon, nothing changed.
   */
  readonly disposition: "judged" | "duplicate" | "too_late";
  /** The event's time is not after the watermark: belongs to the late output as well. */
  readonly late: boolean;
  /** Highest action of the active rules that hit: decline > review > approve. */
  readonly outcome: Action;
  /** Highest score of the active rules that hit, 0 when none did. */
  readonly score: number;
  /** Ids of the rules that hit, shadow rules included; cheaper than `results`. */
  readonly hits: readonly string[];
  /**
   * One per rule that judges on arrival and is not off, in pack order; rules that judge when the
   * watermark passes speak in `finals`. Built when first read.
   */
  readonly results: readonly RuleResult[];
};

/**
 * A compiled rule pack: immutable, without state of its own, shared by all keys. The functions
 * change the given state in place and depend on nothing but their arguments.
 */
export type Engine = {
  readonly generation: number;
  readonly rules: readonly Rule[];
  /** Longest memory of any rule: a state expires so long after its latest event. */
  readonly retentionMs: number;
  /** To be persisted with the rule set and handed to {@link nextLineage} at the next barrier. */
  readonly lineage: Lineage;
  /** The state of a key that was never seen. */
  newState(): KeyState;
  /**
   * Applies one record of the key. `watermark` is the host's watermark before this record
   * (`-Infinity` at the start); the record is late when `event.at <= watermark`.
   */
  process(state: KeyState, event: StreamEvent, watermark: number): Step;
  /** Fires what is due at `watermark`. Without anything due it changes nothing at all. */
  advance(state: KeyState, watermark: number): StepTail;
  /**
   * What each rule knows of the key at a time (of the key's latest event, if that is later): for
   * people, with an English sentence each. Changes nothing; costs as much as a restart of the key.
   */
  inspect(state: KeyState, at: number): KeyView;
  /** Equal states give equal bytes. */
  encode(state: KeyState): Uint8Array;
  /**
   * Reads bytes of this or an earlier generation, of this format or an older one that an upgrade
   * leads from: state of unchanged rules is kept, state of rules that are gone is dropped. Throws
   * `StateFormatError` on other bytes, a newer format among them.
   */
  decode(bytes: Uint8Array): KeyState;
};
