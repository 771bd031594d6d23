import type { Runs } from "../pattern/runs.ts";
import type { StreamEvent, Value } from "../stream.ts";
import type { Bucket } from "../window/buckets.ts";
import type { HistoryState } from "../window/history.ts";
import type { JoinState } from "../window/join.ts";
import { type EventLog, emptyLog } from "../window/log.ts";
import type { Pane, SlidingState } from "../window/sliding.ts";
import { emptyIds, type IdStore } from "./ids.ts";
import type { CompiledLane } from "./lane-plan.ts";

/** What a run of a pattern keeps of an event. */
export type RunEvent = {
  readonly id: string;
  readonly at: number;
  readonly values: readonly Value[];
};

/** When a rule last held and last spoke, for `emit: enter` and `cooldown`. */
export type Mark = { held: boolean; heldAt: number; alertedAt: number };

/** One version of the key's row in a table. */
export type TableRow = {
  readonly at: number;
  readonly type: string;
  readonly values: readonly Value[];
};

/** State of the rules that judge in one manner: on arrival, or when the watermark passes. */
export type LaneState = {
  log: EventLog;
  /** Per sliding window; derived from the log, hence `undefined` until needed. */
  readonly slidings: (SlidingState | undefined)[];
  /** Per sliding window: what its overflow folded into. */
  readonly panes: Pane[][];
  readonly buckets: Bucket[][];
  readonly histories: (HistoryState | undefined)[];
  readonly tables: TableRow[][];
  readonly runs: (Runs<RunEvent> | undefined)[];
  readonly joins: (JoinState | undefined)[];
  readonly marks: (Mark | undefined)[];
};

/** An event that waits for the watermark. */
export type Waiting = StreamEvent;

/** Everything known about one key: plain data, made by `newState`, changed by the engine alone. */
export type KeyState = {
  /** Latest event time seen; `-Infinity` before the first event. */
  latestAt: number;
  /** Watermark at which something is due; `Infinity` when nothing is. */
  dueAt: number;
  ids: IdStore;
  early: LaneState | undefined;
  final: LaneState | undefined;
  /** Events of the final lane that the watermark has not reached, by (time, arrival). */
  waiting: Waiting[];
};

export function newLaneState(lane: CompiledLane): LaneState {
  return {
    log: emptyLog(),
    slidings: lane.slidings.map(() => undefined),
    panes: lane.slidings.map(() => []),
    buckets: lane.buckets.map(() => []),
    histories: lane.histories.map(() => undefined),
    tables: lane.tables.map(() => []),
    runs: lane.patterns.map(() => undefined),
    joins: lane.joins.map(() => undefined),
    marks: lane.rules.map(() => undefined),
  };
}

/** The state of a lane without rules. */
export function emptyLaneState(): LaneState {
  return {
    log: emptyLog(),
    slidings: [],
    panes: [],
    buckets: [],
    histories: [],
    tables: [],
    runs: [],
    joins: [],
    marks: [],
  };
}

export function newKeyState(lanes: {
  readonly early: CompiledLane | undefined;
  readonly final: CompiledLane | undefined;
}): KeyState {
  return {
    latestAt: Number.NEGATIVE_INFINITY,
    dueAt: Number.POSITIVE_INFINITY,
    ids: emptyIds(),
    early: lanes.early && newLaneState(lanes.early),
    final: lanes.final && newLaneState(lanes.final),
    waiting: [],
  };
}

/** Makes an expired state a new one, in place. */
export function resetKeyState(state: KeyState, fresh: KeyState): void {
  Object.assign(state, fresh);
}
