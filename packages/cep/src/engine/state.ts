import type { Runs } from "../pattern/runs.ts";
import type { StreamEvent, Value } from "../stream.ts";
import type { Bucket } from "../window/buckets.ts";
import type { HistoryState } from "../window/history.ts";
import type { JoinState } from "../window/join.ts";
import { clearLog, type EventLog, emptyLog } from "../window/log.ts";
import type { Pane, SlidingSide, WindowState } from "../window/sliding.ts";
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

/**
 * State of the rules that judge in one manner: on arrival, or when the watermark passes. Numbers
 * of all windows and histories lie in `cells`, at places that the compiled lane knows. Lists of
 * which most keys use nothing are shared until something is put in (by `with`, which copies).
 */
export type LaneState = WindowState &
  HistoryState & {
    readonly logs: readonly EventLog[];
    readonly cells: number[];
    sides: readonly (SlidingSide | undefined)[];
    /** Per sliding window: what its overflow folded into. */
    panes: readonly (Pane[] | undefined)[];
    buckets: readonly (Bucket[] | undefined)[];
    readonly histories: number[][];
    tables: readonly (TableRow[] | undefined)[];
    runs: readonly (Runs<RunEvent> | undefined)[];
    joins: readonly (JoinState | undefined)[];
    marks: readonly (Mark | undefined)[];
    /** Ids were dropped before their time: duplicates may count twice and results say so. */
    incomplete: boolean;
  };

/** An event that waits for the watermark. */
export type Waiting = StreamEvent;

/** Everything known about one key: plain data, made by `newState`, changed by the engine alone. */
export type KeyState = {
  /** Its first cells are those of the key: see {@link latestCell} and {@link dueCell}. */
  readonly early: LaneState;
  readonly final: LaneState | undefined;
  /** Events of the final lane that the watermark has not reached, by (time, arrival). */
  waiting: Waiting[];
};

/** Cell of the latest event time seen; `-Infinity` before the first event. */
export const latestCell = 0;
/** Cell of the watermark at which something is due; `Infinity` when nothing is. */
export const dueCell = 1;
/** What the cells of a lane begin with. */
export const keyCells: readonly number[] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

export type Lanes = { readonly early: CompiledLane; readonly final: CompiledLane | undefined };

const noPanes: number[] = [];
const noHistories: number[][] = [];
const noLogs: readonly EventLog[] = [];
const noneWaiting: Waiting[] = [];

export function newLaneState(lane: CompiledLane): LaneState {
  const { blank } = lane;
  return {
    logs: lane.logs.length === 0 ? noLogs : lane.logs.map(emptyLog),
    cells: lane.isOrderFree ? blank.cells : blank.cells.slice(),
    sides: blank.slidings,
    panes: blank.slidings,
    buckets: blank.buckets,
    histories: lane.histories.length === 0 ? noHistories : lane.histories.map(() => noPanes),
    tables: blank.tables,
    runs: blank.patterns,
    joins: blank.joins,
    marks: blank.rules,
    incomplete: false,
  };
}

export function newKeyState({ early, final }: Lanes): KeyState {
  return {
    early: newLaneState(early),
    final: final && newLaneState(final),
    waiting: noneWaiting,
  };
}

/** Makes an expired state a new one, in place and without new memory. */
export function resetKeyState(state: KeyState, lanes: Lanes): void {
  resetLane(lanes.early, state.early);
  if (lanes.final !== undefined && state.final !== undefined) resetLane(lanes.final, state.final);
  state.waiting = noneWaiting;
}

function resetLane({ blank, isOrderFree }: CompiledLane, state: LaneState): void {
  for (const log of state.logs) clearLog(log);
  for (let i = 0; i < blank.cells.length && !isOrderFree; i++) {
    state.cells[i] = blank.cells[i] as number;
  }
  state.sides = blank.slidings;
  state.panes = blank.slidings;
  state.buckets = blank.buckets;
  state.histories.fill(noPanes);
  state.tables = blank.tables;
  state.runs = blank.patterns;
  state.joins = blank.joins;
  state.marks = blank.rules;
  state.incomplete = false;
}
