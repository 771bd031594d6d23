import {
  type Accumulator,
  addValues,
  type ColumnSpec,
  emptyAccumulator,
  mergeInto,
  removeValues,
  resetAccumulator,
} from "./accumulator.ts";
import { type Entry, type EventLog, entryAt, holds, logEnd, logStart } from "./log.ts";

/** A sliding window over a key's log: [t − size, t], both ends included. */
export type SlidingSpec = {
  readonly fingerprint: string;
  /** The condition whose events fill it. */
  readonly fill: number;
  readonly sizeMs: number;
  readonly columns: readonly ColumnSpec[];
  /** Some column asks for minimum or maximum. */
  readonly extremes: boolean;
  /** Events at or before this were not collected for it. */
  readonly since: number;
};

/** Entries folded away by the bound on events, by time; counted whole until they leave. */
export type Pane = { readonly start: number; readonly totals: Accumulator };

/**
 * Running totals of a window. Everything but the panes follows from the log, so that it is neither
 * stored nor part of a state's identity.
 */
export type SlidingState = {
  /** Time up to which entries were evicted. */
  at: number;
  /** Number of the first entry that is not evicted. */
  tail: number;
  totals: Accumulator;
  /** Per column with extremes: numbers of the entries that may become minimum or maximum. */
  minima: number[][];
  maxima: number[][];
};

function fills(spec: SlidingSpec, entry: Entry): boolean {
  return entry.at > spec.since && holds(entry, spec.fill);
}

const noQueues: number[][] = [];

/** Totals of the log's newest entries, to be slid and grown from then on. */
export function startSliding(spec: SlidingSpec, log: EventLog): SlidingState {
  const state: SlidingState = {
    at: Number.NEGATIVE_INFINITY,
    tail: logStart(log),
    totals: emptyAccumulator(spec.columns),
    minima: spec.extremes ? spec.columns.map(() => []) : noQueues,
    maxima: spec.extremes ? spec.columns.map(() => []) : noQueues,
  };
  for (let n = logStart(log); n < logEnd(log); n++) {
    const entry = entryAt(log, n);
    if (entry === undefined || !fills(spec, entry)) continue;
    addValues(state.totals, spec.columns, entry.values);
    if (spec.extremes) pushExtremes(spec, state, { log, number: n });
  }
  return state;
}

/** Adds the log's newest entry if it belongs. */
export function growSliding(spec: SlidingSpec, state: SlidingState, log: EventLog): void {
  const entry = log.items[log.items.length - 1];
  if (entry === undefined || !fills(spec, entry)) return;
  addValues(state.totals, spec.columns, entry.values);
  if (spec.extremes) pushExtremes(spec, state, { log, number: logEnd(log) - 1 });
}

function pushExtremes(
  spec: SlidingSpec,
  state: SlidingState,
  at: { readonly log: EventLog; readonly number: number },
): void {
  const entry = entryAt(at.log, at.number);
  spec.columns.forEach(({ extremes, position }, c) => {
    const value = extremes ? entry?.values[position] : undefined;
    if (typeof value !== "number") return;
    pushExtreme(state.minima[c] ?? [], at, { position, beaten: (other) => other >= value });
    pushExtreme(state.maxima[c] ?? [], at, { position, beaten: (other) => other <= value });
  });
}

/** Empties the totals of a key that is forgotten, for its next life. */
export function resetSliding(spec: SlidingSpec, state: SlidingState): void {
  state.at = Number.NEGATIVE_INFINITY;
  state.tail = 0;
  resetAccumulator(state.totals);
  if (!spec.extremes) return;
  for (const queue of state.minima) queue.length = 0;
  for (const queue of state.maxima) queue.length = 0;
}

function pushExtreme(
  queue: number[],
  at: { readonly log: EventLog; readonly number: number },
  by: { readonly position: number; readonly beaten: (other: number) => boolean },
): void {
  for (let last = queue.at(-1); last !== undefined; last = queue.at(-1)) {
    const other = entryAt(at.log, last)?.values[by.position];
    if (typeof other === "number" && !by.beaten(other)) break;
    queue.pop();
  }
  queue.push(at.number);
}

/** Evicts what is older than `at − size`. */
export function slide(spec: SlidingSpec, state: SlidingState, log: EventLog): void {
  const oldest = state.at - spec.sizeMs;
  const end = logEnd(log);
  let evicted = false;
  while (state.tail < end) {
    const entry = entryAt(log, state.tail);
    if (entry === undefined || entry.at >= oldest) break;
    state.tail++;
    if (!fills(spec, entry)) continue;
    removeValues(state.totals, spec.columns, entry.values);
    evicted = true;
  }
  if (evicted) settleEviction(spec, state, log);
}

/** Finds again what cannot be subtracted: minima, maxima and sums of doubles. */
export function settleEviction(spec: SlidingSpec, state: SlidingState, log: EventLog): void {
  for (let c = 0; c < spec.columns.length; c++) {
    const column = spec.columns[c];
    const totals = state.totals.columns[c];
    if (column === undefined || totals === undefined) continue;
    if (column.extremes) {
      const of = { log, column };
      totals.min = readExtreme(state.minima[c] ?? [], state.tail, of) ?? Number.POSITIVE_INFINITY;
      totals.max = readExtreme(state.maxima[c] ?? [], state.tail, of) ?? Number.NEGATIVE_INFINITY;
    }
    if (column.float) totals.sum = sumOf(spec, state, { log, column });
  }
}

type ColumnOfLog = { readonly log: EventLog; readonly column: ColumnSpec };

function readExtreme(queue: number[], tail: number, of: ColumnOfLog): number | undefined {
  while (queue[0] !== undefined && queue[0] < tail) queue.shift();
  const value = queue[0] === undefined ? undefined : entryAt(of.log, queue[0])?.values;
  const number = value?.[of.column.position];
  return typeof number === "number" ? number : undefined;
}

function sumOf(spec: SlidingSpec, state: SlidingState, of: ColumnOfLog): number {
  let sum = 0;
  for (let n = state.tail; n < logEnd(of.log); n++) {
    const entry = entryAt(of.log, n);
    const value = entry !== undefined && fills(spec, entry) ? entry.values[of.column.position] : 0;
    if (typeof value === "number") sum += value;
  }
  return sum;
}

/** Makes room in the totals for an entry that came out of order and now has this number. */
export function adoptInserted(
  spec: SlidingSpec,
  state: SlidingState,
  at: { readonly log: EventLog; readonly number: number },
): SlidingState {
  const entry = entryAt(at.log, at.number);
  if (entry === undefined) return state;
  if (spec.columns.some((column) => column.extremes || column.float)) {
    const fresh = startSliding(spec, at.log);
    fresh.at = state.at;
    slide(spec, fresh, at.log);
    return fresh;
  }
  if (entry.at < state.at - spec.sizeMs) state.tail++;
  else if (fills(spec, entry)) addValues(state.totals, spec.columns, entry.values);
  return state;
}

/** Totals of [t − size, t] up to and including the entry's number, read from the log itself. */
export function totalsAt(spec: SlidingSpec, log: EventLog, number: number): Accumulator {
  const totals = emptyAccumulator(spec.columns);
  const newest = entryAt(log, number);
  if (newest === undefined) return totals;
  for (let n = number; n >= logStart(log); n--) {
    const entry = entryAt(log, n);
    if (entry === undefined || entry.at < newest.at - spec.sizeMs) break;
    if (fills(spec, entry)) addValues(totals, spec.columns, entry.values);
  }
  return totals;
}

/** Width of the panes that a window's overflow folds into: at most 61 of them cover it. */
export function paneWidth(sizeMs: number): number {
  return Math.max(60_000, Math.ceil(sizeMs / 60 / 60_000) * 60_000);
}

/** Folds an entry that leaves the log early into the window's panes. */
export function foldEntry(spec: SlidingSpec, panes: Pane[], entry: Entry): void {
  if (!fills(spec, entry)) return;
  const width = paneWidth(spec.sizeMs);
  const start = Math.floor(entry.at / width) * width;
  let pane = panes.find((candidate) => candidate.start === start);
  if (pane === undefined) {
    pane = { start, totals: emptyAccumulator(spec.columns.map(withoutDistinct)) };
    panes.push(pane);
    panes.sort((a, b) => a.start - b.start);
  }
  addValues(pane.totals, spec.columns, entry.values);
}

/** Panes keep no sets of values: distinct() counts the retained events alone. */
function withoutDistinct(column: ColumnSpec): ColumnSpec {
  return { ...column, distinct: false };
}

/** Totals with the panes that reach into [t − size, t]; drops those that no longer do. */
export function withPanes(
  spec: SlidingSpec,
  totals: Accumulator,
  part: { readonly panes: Pane[]; readonly at: number },
): Accumulator {
  const { panes, at } = part;
  const width = paneWidth(spec.sizeMs);
  while (panes[0] !== undefined && panes[0].start + width <= at - spec.sizeMs) panes.shift();
  if (panes.length === 0) return totals;
  const sum = emptyAccumulator(spec.columns);
  mergeInto(sum, totals);
  for (const pane of panes) if (pane.start <= at) mergeInto(sum, pane.totals);
  return sum;
}
