import type { Value } from "../stream.ts";
import {
  type Accumulator,
  addValues,
  type ColumnSpec,
  emptyAccumulator,
  mergeInto,
  subtractFrom,
} from "./accumulator.ts";

/**
 * A key's long memory: totals in at most 31 panes, of which the oldest is kept until it lies
 * wholly outside the memory. Exact in what it counts, coarse only in when it forgets.
 */
export type HistorySpec = {
  readonly fingerprint: string;
  readonly types: readonly string[];
  readonly memoryMs: number;
  readonly columns: readonly ColumnSpec[];
  /** Panes can be subtracted: no minimum, maximum or sum of doubles is asked. */
  readonly exact: boolean;
  readonly since: number;
};

export type HistoryState = {
  readonly panes: { readonly start: number; readonly totals: Accumulator }[];
  /** Time of the latest event. */
  lastAt: number;
  /** Totals of all panes; follows from them. */
  totals: Accumulator;
};

export function paneMs(spec: HistorySpec): number {
  return Math.max(1_000, Math.ceil(spec.memoryMs / 30));
}

/** Forgets panes that lie outside [at − memory, at]. */
export function ageHistory(spec: HistorySpec, state: HistoryState, at: number): void {
  const width = paneMs(spec);
  const oldest = at - spec.memoryMs - width;
  let rescan = false;
  for (let pane = state.panes[0]; pane !== undefined; pane = state.panes[0]) {
    if (pane.start > oldest) break;
    state.panes.shift();
    if (spec.exact) subtractFrom(state.totals, pane.totals);
    else rescan = true;
  }
  if (rescan) state.totals = sumPanes(spec, state.panes);
}

export function sumPanes(spec: HistorySpec, panes: HistoryState["panes"]): Accumulator {
  const totals = emptyAccumulator(spec.columns);
  for (const pane of panes) mergeInto(totals, pane.totals);
  return totals;
}

/** Adds an event to the history, making one for a key that has none. */
export function addToHistory(
  spec: HistorySpec,
  state: HistoryState | undefined,
  event: { readonly at: number; readonly values: readonly Value[] },
): HistoryState {
  const history = state ?? {
    panes: [],
    lastAt: Number.NEGATIVE_INFINITY,
    totals: emptyAccumulator(spec.columns),
  };
  history.lastAt = Math.max(history.lastAt, event.at);
  const start = Math.floor(event.at / paneMs(spec)) * paneMs(spec);
  let at = history.panes.length;
  while (at > 0 && (history.panes[at - 1]?.start ?? 0) > start) at--;
  let pane = history.panes[at - 1];
  if (pane?.start !== start) {
    pane = { start, totals: emptyAccumulator(spec.columns) };
    history.panes.splice(at, 0, pane);
  }
  addValues(pane.totals, spec.columns, event.values);
  addValues(history.totals, spec.columns, event.values);
  return history;
}
