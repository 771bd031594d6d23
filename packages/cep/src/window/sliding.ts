import type { Value } from "../stream.ts";
import { cellsAt, type EventLog, holds, idAt, type LogLayout, timeAt, valueAt } from "./log.ts";
import {
  type AggregateSource,
  countValue,
  type Place,
  readTotal,
  type Totals,
  type TotalsColumn,
  type ValueCounts,
} from "./totals.ts";

/** Entries folded away by the bound on events, by time; counted whole until they leave. */
export type Pane = { readonly start: number; readonly cells: number[] };

/** What of a window cannot be said by sums: made when it is needed, follows from the log. */
export type SlidingSide = {
  /** Per column: numbers of the entries that may become minimum or maximum. */
  readonly minima: number[][];
  readonly maxima: number[][];
  /** Per column: occurrences by value, for long windows. */
  readonly counts: (ValueCounts | undefined)[];
};

/** The state that sliding windows share; everything but the logs follows from these. */
export type WindowState = {
  readonly logs: readonly EventLog[];
  readonly cells: number[];
  /** Per window; shared by all keys until something is put in. */
  sides: readonly (SlidingSide | undefined)[];
};

export type SlidingOptions = {
  readonly fingerprint: string;
  /** Place among the lane's sliding windows. */
  readonly index: number;
  /** Place of its log among the lane's logs, and how that lays out entries. */
  readonly log: number;
  readonly layout: LogLayout;
  /** Bit of the condition whose events fill it. */
  readonly fill: number;
  readonly sizeMs: number;
  readonly totals: Totals;
  /** First of its cells: numbers of its oldest entry and of the one after its newest, totals. */
  readonly base: number;
  /** Events at or before this were not collected for it. */
  readonly since: number;
};

/** Cells before the totals. */
export const slidingCells = 2;
/** Windows with more values are counted in a map, until a quarter of them is left. */
const scannedValues = 16;

/**
 * A sliding window over a key's log, [t − size, t] with both ends included. Running totals are
 * grown and slid with the log; subtract-on-evict, extremes by monotone queues, distinct values by
 * reference counts. Immutable: its state lies in cells, where the tail is NaN until it is needed.
 */
export class SlidingWindow {
  readonly options: SlidingOptions;
  readonly base: number;
  readonly sizeMs: number;
  readonly #totalsBase: number;

  constructor(options: SlidingOptions) {
    this.options = options;
    this.base = options.base;
    this.sizeMs = options.sizeMs;
    this.#totalsBase = options.base + slidingCells;
  }

  /** Whether an entry, given by the first of its cells, belongs. */
  #fills(log: EventLog, cell: number): boolean {
    return holds(log, cell, this.options.fill) && (log.cells[cell] as number) > this.options.since;
  }

  fills(log: EventLog, number: number): boolean {
    return this.#fills(log, cellsAt(this.options.layout, log, number));
  }

  log(state: WindowState): EventLog {
    return state.logs[this.options.log] as EventLog;
  }

  /** Forgets everything but the log. */
  clear(state: WindowState): void {
    state.cells[this.base] = Number.NaN;
    this.#dropSide(state);
  }

  #dropSide(state: WindowState): void {
    const { index } = this.options;
    if (state.sides[index] !== undefined) state.sides = state.sides.with(index, undefined);
  }

  /** Takes in the log's newest entry. */
  grow(state: WindowState): void {
    const log = this.log(state);
    if (Number.isNaN(state.cells[this.base])) this.#start(state, log);
    else this.#add(state, log.end - 1);
  }

  /** Counts all entries of the log, to be slid and grown from then on. */
  #start(state: WindowState, log: EventLog): void {
    state.cells[this.base] = log.start;
    state.cells[this.base + 1] = log.start;
    this.options.totals.clear(state.cells, this.#totalsBase);
    this.#dropSide(state);
    for (let number = log.start; number < log.end; number++) this.#add(state, number);
  }

  /** Counts an entry if it belongs. */
  #add(state: WindowState, number: number): void {
    const log = this.log(state);
    const { layout, totals } = this.options;
    const cell = cellsAt(layout, log, number);
    const { cells } = state;
    if (number >= (cells[this.base + 1] as number)) cells[this.base + 1] = number + 1;
    if (!this.#fills(log, cell)) return;
    this.#addTo({ cells, base: this.#totalsBase }, log, number);
    if (totals.hasExtremes) this.#pushExtremes(state, log, number);
    if (totals.distinct.length > 0) this.#countValues(state, number, 1);
  }

  /** Takes an entry out again if it had been counted. */
  #remove(state: WindowState, number: number): boolean {
    const log = this.log(state);
    const { layout, totals } = this.options;
    const cell = cellsAt(layout, log, number);
    if (!this.#fills(log, cell)) return false;
    const { cells } = state;
    const base = this.#totalsBase;
    cells[base] = (cells[base] as number) - 1;
    for (const column of totals.columns) {
      column.drop(cells, base, this.#valueOf(column, log, number));
    }
    if (totals.distinct.length > 0) this.#countValues(state, number, -1);
    return true;
  }

  #addTo({ cells, base }: Place, log: EventLog, number: number): void {
    cells[base] = (cells[base] as number) + 1;
    for (const column of this.options.totals.columns) {
      column.put(cells, base, this.#valueOf(column, log, number));
    }
  }

  #valueOf({ needs }: TotalsColumn, log: EventLog, number: number): Value {
    const column = needs.kept;
    return column === undefined ? undefined : valueAt(this.options.layout, log, { number, column });
  }

  /** Evicts what is older than `at − size`. */
  slide(state: WindowState, at: number): void {
    const log = this.log(state);
    const { cells } = state;
    if (Number.isNaN(cells[this.base])) this.#start(state, log);
    const oldest = at - this.sizeMs;
    const { layout } = this.options;
    let tail = cells[this.base] as number;
    let evicted = false;
    while (tail < log.end && timeAt(layout, log, tail) < oldest) {
      if (this.#remove(state, tail)) evicted = true;
      tail++;
    }
    cells[this.base] = tail;
    if (evicted) this.#settle(state, log);
  }

  /** The log's oldest entry is about to leave it. */
  leave(state: WindowState): void {
    const log = this.log(state);
    const tail = state.cells[this.base] as number;
    if (tail > log.start || Number.isNaN(tail)) return;
    const removed = this.#remove(state, log.start);
    state.cells[this.base] = log.start + 1;
    if (removed) this.#settle(state, log);
  }

  /** Makes room for an entry that came out of order and now has this number. */
  adopt(state: WindowState, number: number): void {
    const tail = state.cells[this.base] as number;
    if (Number.isNaN(tail)) return;
    const { totals } = this.options;
    if (totals.hasExtremes || totals.columns.some(({ needs }) => needs.float)) {
      this.clear(state);
      return;
    }
    const { cells } = state;
    if (number < (cells[this.base + 1] as number))
      cells[this.base + 1] = (cells[this.base + 1] as number) + 1;
    if (number < tail) cells[this.base] = tail + 1;
    else this.#add(state, number);
  }

  /** Finds again what cannot be subtracted: minima, maxima and sums of doubles. */
  #settle(state: WindowState, log: EventLog): void {
    const { totals } = this.options;
    const { cells } = state;
    const base = this.#totalsBase;
    const tail = cells[this.base] as number;
    const end = cells[this.base + 1] as number;
    for (let c = 0; c < totals.columns.length; c++) {
      const column = totals.columns[c] as TotalsColumn;
      if (column.extremesOffset >= 0) {
        const side = state.sides[this.options.index];
        const minimum = this.#front(log, { queue: side?.minima[c] ?? [], tail, column });
        const maximum = this.#front(log, { queue: side?.maxima[c] ?? [], tail, column });
        cells[base + column.extremesOffset] = minimum ?? Number.POSITIVE_INFINITY;
        cells[base + column.extremesOffset + 1] = maximum ?? Number.NEGATIVE_INFINITY;
      }
      if (column.needs.float) {
        cells[base + column.offset + 1] = this.#sum(log, { from: tail, end, column });
      }
    }
  }

  #front(
    log: EventLog,
    of: { readonly queue: number[]; readonly tail: number; readonly column: TotalsColumn },
  ): number | undefined {
    const { queue, tail, column } = of;
    while (queue[0] !== undefined && queue[0] < tail) queue.shift();
    const value = queue[0] === undefined ? undefined : this.#valueOf(column, log, queue[0]);
    return typeof value === "number" ? value : undefined;
  }

  #sum(
    log: EventLog,
    of: { readonly from: number; readonly end: number; readonly column: TotalsColumn },
  ): number {
    let sum = 0;
    for (let number = of.from; number < of.end; number++) {
      if (!this.fills(log, number)) continue;
      const value = this.#valueOf(of.column, log, number);
      if (typeof value === "number") sum += value;
    }
    return sum;
  }

  #side(state: WindowState): SlidingSide {
    const known = state.sides[this.options.index];
    if (known !== undefined) return known;
    const { columns } = this.options.totals;
    const side = {
      minima: columns.map(() => []),
      maxima: columns.map(() => []),
      counts: columns.map(() => undefined),
    };
    state.sides = state.sides.with(this.options.index, side);
    return side;
  }

  #pushExtremes(state: WindowState, log: EventLog, number: number): void {
    const { columns } = this.options.totals;
    const side = this.#side(state);
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c] as TotalsColumn;
      const value = column.extremesOffset < 0 ? undefined : this.#valueOf(column, log, number);
      if (typeof value !== "number") continue;
      const push = (queue: number[], isBeaten: (other: number) => boolean): void => {
        for (let last = queue.at(-1); last !== undefined; last = queue.at(-1)) {
          const other = this.#valueOf(column, log, last);
          if (typeof other === "number" && !isBeaten(other)) break;
          queue.pop();
        }
        queue.push(number);
      };
      push(side.minima[c] ?? [], (other) => other >= value);
      push(side.maxima[c] ?? [], (other) => other <= value);
    }
  }

  #countValues(state: WindowState, number: number, by: 1 | -1): void {
    const side = state.sides[this.options.index];
    if (side === undefined) return;
    const { columns } = this.options.totals;
    for (let c = 0; c < columns.length; c++) {
      const counts = side.counts[c];
      const column = columns[c];
      if (counts === undefined || column === undefined) continue;
      countValue(counts, this.#valueOf(column, this.log(state), number), by);
      if (counts.size * 4 < scannedValues) side.counts[c] = undefined;
    }
  }

  #distinct(state: WindowState, column: TotalsColumn): number {
    const log = this.log(state);
    const c = this.options.totals.columns.indexOf(column);
    const known = state.sides[this.options.index]?.counts[c];
    if (known !== undefined) return known.size;
    const from = state.cells[this.base] as number;
    const end = state.cells[this.base + 1] as number;
    if (end - from <= scannedValues) return this.#scan(log, { from, end, column });
    const counts: ValueCounts = new Map();
    for (let number = from; number < end; number++) {
      if (this.fills(log, number)) countValue(counts, this.#valueOf(column, log, number), 1);
    }
    this.#side(state).counts[c] = counts;
    return counts.size;
  }

  #scan(
    log: EventLog,
    of: { readonly from: number; readonly end: number; readonly column: TotalsColumn },
  ): number {
    const { from, end, column } = of;
    let distinct = 0;
    for (let number = from; number < end; number++) {
      const value = this.fills(log, number) ? this.#valueOf(column, log, number) : undefined;
      if (value === undefined) continue;
      let before = from;
      while (before < number) {
        if (this.fills(log, before) && this.#valueOf(column, log, before) === value) break;
        before++;
      }
      if (before === number) distinct++;
    }
    return distinct;
  }

  /** Number of the newest entry that is not after a time. */
  newestAt(state: WindowState, at: number): number {
    const log = this.log(state);
    let number = log.end - 1;
    while (number >= log.start && timeAt(this.options.layout, log, number) > at) number--;
    return number;
  }

  /** Totals as they were at a past time, after entry `number`, in a state of their own. */
  totalsAt(logs: readonly EventLog[], at: number, number: number): WindowState {
    const { layout, totals, index } = this.options;
    const past: WindowState = {
      logs,
      cells: new Array<number>(this.#totalsBase + totals.size).fill(Number.NaN),
      sides: new Array<undefined>(index + 1).fill(undefined),
    };
    const log = this.log(past);
    const oldest = at - this.sizeMs;
    let from = number + 1;
    while (from > log.start && timeAt(layout, log, from - 1) >= oldest) from--;
    past.cells[this.base] = from;
    past.cells[this.base + 1] = from;
    totals.clear(past.cells, this.#totalsBase);
    for (let n = from; n <= number; n++) this.#add(past, n);
    return past;
  }

  /** Moves past totals on to the next entry. */
  advance(past: WindowState, number: number): void {
    this.#add(past, number);
    this.slide(past, timeAt(this.options.layout, this.log(past), number));
  }

  /** Writes the asked values to their slots. */
  write(
    state: WindowState,
    sources: readonly AggregateSource[],
    to: { readonly values: number[]; readonly panes: Folded | undefined },
  ): void {
    const folded = to.panes === undefined ? undefined : this.#withPanes(state, to.panes);
    const cells = folded ?? state.cells;
    const base = folded === undefined ? this.#totalsBase : 0;
    for (const source of sources) {
      const { fn, column, slot } = source;
      to.values[slot] =
        fn === "distinct" && column !== undefined
          ? this.#distinct(state, column)
          : readTotal(source, cells, base);
    }
  }

  /** Folds the log's oldest entry, which is about to leave early, into panes. */
  fold(state: WindowState, panes: Pane[]): void {
    const log = this.log(state);
    const cell = cellsAt(this.options.layout, log, log.start);
    if (!this.#fills(log, cell)) return;
    const at = log.cells[cell] as number;
    const { totals } = this.options;
    const width = paneWidth(this.sizeMs);
    const start = Math.floor(at / width) * width;
    let pane = panes.find((candidate) => candidate.start === start);
    if (pane === undefined) {
      pane = { start, cells: totals.blank() };
      panes.push(pane);
      panes.sort((a, b) => a.start - b.start);
    }
    this.#addTo({ cells: pane.cells, base: 0 }, log, log.start);
  }

  /** Totals with the panes that reach into [t − size, t]; distinct() knows nothing of panes. */
  #withPanes(state: WindowState, { panes, at }: Folded): number[] {
    const { totals } = this.options;
    const sum = totals.blank();
    const into = { cells: sum, base: 0 };
    totals.merge(into, { cells: state.cells, base: this.#totalsBase });
    const width = paneWidth(this.sizeMs);
    for (const { start, cells } of panes) {
      const reaches = start + width > at - this.sizeMs && start <= at;
      if (reaches) totals.merge(into, { cells, base: 0 });
    }
    return sum;
  }

  /** Drops panes that lie outside [at − size, at]. */
  dropPanes(panes: Pane[], at: number): void {
    const width = paneWidth(this.sizeMs);
    while (panes[0] !== undefined && panes[0].start + width <= at - this.sizeMs) panes.shift();
  }

  /** Ids of the newest entries in [at − size, at] up to entry `number`, oldest first. */
  idsAt(
    state: WindowState,
    of: { readonly at: number; readonly number: number; readonly most: number },
  ): readonly string[] {
    const log = this.log(state);
    const { layout } = this.options;
    const oldest = of.at - this.sizeMs;
    const ids: string[] = [];
    for (let n = of.number; n >= log.start && ids.length < of.most; n--) {
      if (timeAt(layout, log, n) < oldest) break;
      if (this.fills(log, n)) ids.push(idAt(layout, log, n));
    }
    return ids.reverse();
  }
}

/** What a window's overflow folded into, as seen at a time. */
export type Folded = { readonly panes: readonly Pane[]; readonly at: number };

/** Width of the panes that a window's overflow folds into: at most 61 of them cover it. */
export function paneWidth(sizeMs: number): number {
  return Math.max(60_000, Math.ceil(sizeMs / 60 / 60_000) * 60_000);
}
