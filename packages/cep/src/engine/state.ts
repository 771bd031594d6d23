import type { Runs } from "../pattern/runs.ts";
import type { StreamEvent, Value } from "../stream.ts";
import type { ArenaState } from "../window/arena.ts";
import type { JoinState } from "../window/join.ts";
import type { WindowState } from "../window/sliding.ts";
import type { CompiledLane, CompiledRule } from "./lane-plan.ts";
import { forgetMark } from "./marks.ts";

/** What a run of a pattern keeps of an event. */
export type RunEvent = {
  readonly id: string;
  readonly at: number;
  readonly values: readonly Value[];
};

/** One version of the key's row in a table. */
export type TableRow = {
  readonly at: number;
  readonly type: string;
  readonly values: readonly Value[];
};

/**
 * State of the rules that judge in one manner: on arrival, or when the watermark passes. Logs,
 * histories, buckets and marks lie in `cells` and `texts`, at places that the compiled lane knows.
 * Lists of which most keys use nothing are shared until something is put in (by `with`, which
 * copies).
 */
export type LaneState = WindowState &
  ArenaState & {
    tables: readonly (TableRow[] | undefined)[];
    runs: readonly (Runs<RunEvent> | undefined)[];
    joins: readonly (JoinState | undefined)[];
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
  /** `undefined` too where that lane shares this state; see {@link finalStateOf}. */
  readonly final: LaneState | undefined;
  /** Events of the final lane that the watermark has not reached, by (time, arrival). */
  waiting: Waiting[];
};

/** Cell of the latest event time seen; `-Infinity` before the first event. */
export const latestCell = 0;
/** Cell of the watermark at which something is due; `Infinity` when nothing is. */
export const dueCell = 1;
/** What the cells of a key begin with. */
export const keyCells: readonly number[] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

export type Lanes = { readonly early: CompiledLane; readonly final: CompiledLane | undefined };

/** State of the lane that judges when the watermark passes. */
export function finalStateOf(state: KeyState): LaneState {
  return state.final ?? state;
}

const noneWaiting: Waiting[] = [];

function newLaneState({ arena, blank }: CompiledLane): LaneState {
  const { cells, texts, counted } = arena.blank;
  return {
    cells: cells.slice(),
    texts: texts.slice(),
    counted,
    ids: undefined,
    running: blank.slidings,
    panes: blank.slidings,
    tables: blank.tables,
    runs: blank.patterns,
    joins: blank.joins,
    incomplete: false,
  };
}

/** A key that was never seen. A spread would put the last fields into an object of their own. */
export function newKeyState({ early, final }: Lanes): KeyState {
  const lane = newLaneState(early);
  return {
    cells: lane.cells,
    texts: lane.texts,
    counted: lane.counted,
    ids: lane.ids,
    running: lane.running,
    panes: lane.panes,
    tables: lane.tables,
    runs: lane.runs,
    joins: lane.joins,
    incomplete: lane.incomplete,
    final: final === undefined || final.isOrderFree ? undefined : newLaneState(final),
    waiting: noneWaiting,
  };
}

/** Makes an expired state a new one, in place and without new memory. */
export function resetKeyState(state: KeyState, { early, final }: Lanes): void {
  resetLane(early, state);
  if (final !== undefined) resetLane(final, finalStateOf(state));
  state.cells[latestCell] = Number.NEGATIVE_INFINITY;
  state.cells[dueCell] = Number.POSITIVE_INFINITY;
  state.waiting = noneWaiting;
}

function resetLane(lane: CompiledLane, state: LaneState): void {
  const { blank, logs, histories, buckets, rules } = lane;
  for (let l = 0; l < logs.length; l++) logs[l]?.log.clear(state);
  for (let h = 0; h < histories.length; h++) histories[h]?.window.clear(state);
  for (let b = 0; b < buckets.length; b++) buckets[b]?.window.clear(state);
  for (let r = 0; r < rules.length; r++) forgetMark(rules[r] as CompiledRule, state);
  if (lane.isOrderFree) return;
  state.running = blank.slidings;
  state.panes = blank.slidings;
  state.tables = blank.tables;
  state.runs = blank.patterns;
  state.joins = blank.joins;
  state.incomplete = false;
}
