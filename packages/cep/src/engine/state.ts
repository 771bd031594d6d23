import type { Runs } from "../pattern/runs.ts";
import type { StreamEvent, Value } from "../stream.ts";
import type { BucketState } from "../window/buckets.ts";
import type { JoinState } from "../window/join.ts";
import type { WindowState } from "../window/sliding.ts";
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
 * State of the rules that judge in one manner: on arrival, or when the watermark passes. Logs,
 * histories and buckets lie in `cells` and `texts`, at places that the compiled lane knows. Lists of
 * which most keys use nothing are shared until something is put in (by `with`, which copies).
 */
export type LaneState = WindowState &
  BucketState & {
    tables: readonly (TableRow[] | undefined)[];
    runs: readonly (Runs<RunEvent> | undefined)[];
    joins: readonly (JoinState | undefined)[];
    marks: readonly (Mark | undefined)[];
    /** Ids were dropped before their time: duplicates may count twice and results say so. */
    incomplete: boolean;
  };

/** An event that waits for the watermark. */
export type Waiting = StreamEvent;

/**
 * Everything known about one key: plain data, made by `newState`, changed by the engine alone. It is
 * the state of the rules that judge on arrival, whose first cells are those of the key (see
 * {@link latestCell} and {@link dueCell}), with what the others need.
 */
export type KeyState = LaneState & {
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

const noneWaiting: Waiting[] = [];

export function newLaneState({ blank }: CompiledLane): LaneState {
  return {
    cells: blank.cells.slice(),
    texts: blank.texts.slice(),
    ids: undefined,
    running: blank.slidings,
    panes: blank.slidings,
    counted: blank.buckets,
    tables: blank.tables,
    runs: blank.patterns,
    joins: blank.joins,
    marks: blank.rules,
    incomplete: false,
  };
}

export function newKeyState({ early, final }: Lanes): KeyState {
  return withFinal(newLaneState(early), final && newLaneState(final), noneWaiting);
}

/** A key's state of its parts. A spread would put the last fields into an object of their own. */
export function withFinal(
  early: LaneState,
  final: LaneState | undefined,
  waiting: Waiting[],
): KeyState {
  return {
    cells: early.cells,
    texts: early.texts,
    ids: early.ids,
    running: early.running,
    panes: early.panes,
    counted: early.counted,
    tables: early.tables,
    runs: early.runs,
    joins: early.joins,
    marks: early.marks,
    incomplete: early.incomplete,
    final,
    waiting,
  };
}

/** Makes an expired state a new one, in place and without new memory. */
export function resetKeyState(state: KeyState, lanes: Lanes): void {
  resetLane(lanes.early, state);
  if (lanes.final !== undefined && state.final !== undefined) resetLane(lanes.final, state.final);
  state.waiting = noneWaiting;
}

function resetLane({ blank, logs, histories, buckets }: CompiledLane, state: LaneState): void {
  state.cells[latestCell] = Number.NEGATIVE_INFINITY;
  state.cells[dueCell] = Number.POSITIVE_INFINITY;
  for (let l = 0; l < logs.length; l++) logs[l]?.log.clear(state);
  for (let h = 0; h < histories.length; h++) histories[h]?.window.clear(state);
  state.running = blank.slidings;
  state.panes = blank.slidings;
  for (let b = 0; b < buckets.length; b++) buckets[b]?.window.clear(state);
  state.tables = blank.tables;
  state.runs = blank.patterns;
  state.joins = blank.joins;
  state.marks = blank.rules;
  state.incomplete = false;
}
