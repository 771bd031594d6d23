import type { Runs } from "../pattern/runs.ts";
import type { StreamEvent, Value } from "../stream.ts";
import type { Bucket } from "../window/buckets.ts";
import type { HistoryState } from "../window/history.ts";
import type { JoinState } from "../window/join.ts";
import { type EventLog, emptyLog, noEntries } from "../window/log.ts";
import { type Pane, resetSliding, type SlidingState } from "../window/sliding.ts";
import { emptyIds, type IdStore, resetIds } from "./ids.ts";
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
  readonly panes: (Pane[] | undefined)[];
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

/** Pieces that a lane does not have: shared, since nothing is ever put into them. */
const none: never[] = [];

function blank<T>(pieces: readonly unknown[]): (T | undefined)[] {
  return pieces.length === 0 ? none : new Array<T | undefined>(pieces.length).fill(undefined);
}

function lists<T>(pieces: readonly unknown[]): T[][] {
  return pieces.length === 0 ? none : pieces.map(() => []);
}

export function newLaneState(lane: CompiledLane): LaneState {
  return {
    log: emptyLog(),
    slidings: blank(lane.slidings),
    panes: blank(lane.slidings),
    buckets: lists(lane.buckets),
    histories: blank(lane.histories),
    tables: lists(lane.tables),
    runs: blank(lane.patterns),
    joins: blank(lane.joins),
    marks: blank(lane.rules),
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

/** Makes an expired state a new one, in place and without new memory. */
export function resetKeyState(
  state: KeyState,
  lanes: { readonly early: CompiledLane | undefined; readonly final: CompiledLane | undefined },
): void {
  state.latestAt = Number.NEGATIVE_INFINITY;
  state.dueAt = Number.POSITIVE_INFINITY;
  resetIds(state.ids);
  if (lanes.early !== undefined && state.early !== undefined) resetLane(lanes.early, state.early);
  if (lanes.final !== undefined && state.final !== undefined) resetLane(lanes.final, state.final);
  if (state.waiting.length > 0) state.waiting = [];
}

function forget(pieces: unknown[]): void {
  for (let i = 0; i < pieces.length; i++) if (pieces[i] !== undefined) pieces[i] = undefined;
}

function resetLane(lane: CompiledLane, state: LaneState): void {
  state.log.items = noEntries;
  state.log.head = 0;
  state.log.first = 0;
  for (let s = 0; s < state.slidings.length; s++) {
    const sliding = state.slidings[s];
    const spec = lane.slidings[s]?.spec;
    if (sliding !== undefined && spec !== undefined) resetSliding(spec, sliding);
  }
  forget(state.panes);
  for (const buckets of state.buckets) buckets.length = 0;
  forget(state.histories);
  for (const rows of state.tables) rows.length = 0;
  forget(state.runs);
  forget(state.joins);
  forget(state.marks);
}
