import type { Value } from "../stream.ts";
import { type EventLog, holds, type LogState } from "./log.ts";
import {
  type AggregateSource,
  countValue,
  readTotal,
  type Totals,
  type TotalsColumn,
  type ValueCounts,
} from "./totals.ts";

/** Entries folded away by the bound on events, by time; counted whole until they leave. */
export type Pane = { readonly start: number; readonly cells: number[] };

/** What the entries of a stretch of the log come to that fill a window. Follows from the log. */
export type Stretch = {
  /** Numbers of the oldest entry inside and of the one after the newest that was counted. */
  from: number;
  end: number;
  /** Totals. */
  readonly cells: number[];
  /** Per column: numbers of the entries that may become minimum or maximum. */
  readonly minima: readonly number[][];
  readonly maxima: readonly number[][];
  /** Per column: occurrences by value, for long stretches. */
  readonly counts: (ValueCounts | undefined)[];
};

/** The state that sliding windows share; everything but the log follows from that. */
export type WindowState = LogState & {
  /** Per window; shared by all keys until something is put in. */
  running: readonly (Stretch | undefined)[];
  /** Per window: what its overflow folded into. */
  panes: readonly (Pane[] | undefined)[];
};

export type SlidingOptions = {
  readonly fingerprint: string;
  /** Place among the lane's sliding windows. */
  readonly index: number;
  /** The log of its events, and the place of that among the lane's logs. */
  readonly log: EventLog;
  readonly logIndex: number;
  /** Bit of the condition whose events fill it. */
  readonly fill: number;
  readonly sizeMs: number;
  readonly totals: Totals;
  /** What is asked of it. */
  readonly sources: readonly AggregateSource[];
  /** Events at or before this were not collected for it. */
  readonly since: number;
};

/** Windows over longer logs keep running totals, until a quarter of that is left. */
const summedEntries = 16;
/** Longer stretches count their values in a map, until a quarter of that is left. */
const scannedValues = 16;

/**
 * A sliding window over a key's log, [t − size, t] with both ends included. A short log is summed
 * when the window is asked: most keys are quiet, and the cheapest state is none. Over a long log
 * running totals are grown and slid: subtract-on-evict, extremes by monotone queues, distinct values
 * by reference counts. Immutable: state lies in the log.
 */
export class SlidingWindow {
  readonly options: SlidingOptions;
  readonly sizeMs: number;
  readonly log: EventLog;
  readonly #index: number;
  /** Serves all sums that are read at once. */
  readonly #summed: Stretch;

  constructor(options: SlidingOptions) {
    this.options = options;
    this.sizeMs = options.sizeMs;
    this.log = options.log;
    this.#index = options.index;
    this.#summed = this.#newStretch();
  }

  #newStretch(): Stretch {
    const { columns } = this.options.totals;
    return {
      from: 0,
      end: 0,
      cells: this.options.totals.blank(),
      minima: columns.map(() => []),
      maxima: columns.map(() => []),
      counts: columns.map(() => undefined),
    };
  }

  /** Whether an entry, given by the first of its cells, belongs. */
  fills(state: LogState, cell: number): boolean {
    return (
      holds(state, cell, this.options.fill) && (state.cells[cell] as number) > this.options.since
    );
  }

  /** Takes in the log's newest entry. */
  grow(state: WindowState): void {
    const running = state.running[this.#index];
    if (running !== undefined) this.#add(state, running, this.log.end(state) - 1);
  }

  /** What lies in [at − size, at], `at` being the time of the log's newest entry or later. */
  at(state: WindowState, at: number): Stretch {
    const { log } = this;
    const known = state.running[this.#index];
    if (known === undefined && log.count(state) <= summedEntries) {
      return this.pastAt(state, at, log.end(state) - 1);
    }
    const running = known ?? this.#start(state);
    this.#slide(state, running, at);
    return this.isFolded(state) ? this.#withPanes(state, running, at) : running;
  }

  /** What lay in [at − size, at] up to the entry of a number. To be read before the next is asked. */
  pastAt(state: WindowState, at: number, number: number): Stretch {
    const stretch = this.#sum(state, at, number + 1);
    return this.isFolded(state) ? this.#withPanes(state, stretch, at) : stretch;
  }

  /** Whether some of its events were folded away. */
  isFolded({ panes }: WindowState): boolean {
    const folded = panes[this.#index];
    return folded !== undefined && folded.length > 0;
  }

  #sum(state: WindowState, at: number, end: number): Stretch {
    const { log } = this;
    const stretch = this.#summed;
    const oldest = at - this.sizeMs;
    const start = log.start(state);
    let from = end;
    while (from > start && log.timeAt(state, from - 1) >= oldest) from--;
    stretch.from = from;
    stretch.end = end;
    this.options.totals.clear(stretch.cells, 0);
    for (let number = from; number < end; number++) {
      const cell = log.cellOf(state, number);
      if (this.fills(state, cell)) this.#put(state, stretch.cells, number);
    }
    return stretch;
  }

  /** Counts all entries of the log, to be slid and grown from then on. */
  #start(state: WindowState): Stretch {
    const running = this.#newStretch();
    const start = this.log.start(state);
    const end = this.log.end(state);
    running.from = start;
    running.end = start;
    for (let number = start; number < end; number++) this.#add(state, running, number);
    state.running = state.running.with(this.#index, running);
    return running;
  }

  #stop(state: WindowState): void {
    state.running = state.running.with(this.#index, undefined);
  }

  /** Counts an entry if it belongs. */
  #add(state: WindowState, stretch: Stretch, number: number): void {
    const { totals } = this.options;
    if (number >= stretch.end) stretch.end = number + 1;
    if (!this.fills(state, this.log.cellOf(state, number))) return;
    this.#put(state, stretch.cells, number);
    if (totals.hasExtremes) this.#pushExtremes(state, stretch, number);
    if (totals.distinct.length > 0) this.#countValues(state, stretch, { number, by: 1 });
  }

  /** Takes an entry out again if it had been counted. */
  #remove(state: WindowState, stretch: Stretch, number: number): boolean {
    const { totals } = this.options;
    if (!this.fills(state, this.log.cellOf(state, number))) return false;
    const { cells } = stretch;
    cells[0] = (cells[0] as number) - 1;
    for (const column of totals.columns)
      column.drop(cells, 0, this.#valueOf(state, column, number));
    if (totals.distinct.length > 0) this.#countValues(state, stretch, { number, by: -1 });
    return true;
  }

  #put(state: LogState, cells: number[], number: number): void {
    const { columns } = this.options.totals;
    cells[0] = (cells[0] as number) + 1;
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c] as TotalsColumn;
      column.put(cells, 0, this.#valueOf(state, column, number));
    }
  }

  #valueOf(state: LogState, { needs }: TotalsColumn, number: number): Value {
    return needs.kept === undefined ? undefined : this.log.valueAt(state, number, needs.kept);
  }

  /** Evicts what is older than `at − size`. */
  #slide(state: WindowState, running: Stretch, at: number): void {
    const { log } = this;
    const oldest = at - this.sizeMs;
    const end = log.end(state);
    let { from } = running;
    let evicted = false;
    while (from < end && log.timeAt(state, from) < oldest) {
      if (this.#remove(state, running, from)) evicted = true;
      from++;
    }
    running.from = from;
    if (evicted) this.#settle(state, running);
  }

  /** The log's oldest entry is about to leave it. */
  leave(state: WindowState): void {
    const running = state.running[this.#index];
    if (running === undefined) return;
    if (this.log.count(state) * 4 <= summedEntries) {
      this.#stop(state);
      return;
    }
    const start = this.log.start(state);
    if (running.from > start) return;
    const removed = this.#remove(state, running, start);
    running.from = start + 1;
    if (removed) this.#settle(state, running);
  }

  /** Makes room for an entry that came out of order and now has this number. */
  adopt(state: WindowState, number: number): void {
    const running = state.running[this.#index];
    if (running === undefined) return;
    const { totals } = this.options;
    if (totals.hasExtremes || totals.columns.some(({ needs }) => needs.float)) {
      this.#stop(state);
      return;
    }
    if (number < running.end) running.end++;
    if (number < running.from) running.from++;
    else this.#add(state, running, number);
  }

  /** Finds again what cannot be subtracted: minima, maxima and sums of doubles. */
  #settle(state: WindowState, stretch: Stretch): void {
    const { columns } = this.options.totals;
    const { cells, from } = stretch;
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c] as TotalsColumn;
      if (column.extremesOffset >= 0) {
        const minimum = this.#front(state, { queue: stretch.minima[c] ?? [], from, column });
        const maximum = this.#front(state, { queue: stretch.maxima[c] ?? [], from, column });
        cells[column.extremesOffset] = minimum ?? Number.POSITIVE_INFINITY;
        cells[column.extremesOffset + 1] = maximum ?? Number.NEGATIVE_INFINITY;
      }
      if (column.needs.float) cells[column.offset + 1] = this.#sumOf(state, stretch, column);
    }
  }

  #front(
    state: LogState,
    of: { readonly queue: number[]; readonly from: number; readonly column: TotalsColumn },
  ): number | undefined {
    const { queue, from, column } = of;
    while (queue[0] !== undefined && queue[0] < from) queue.shift();
    const value = queue[0] === undefined ? undefined : this.#valueOf(state, column, queue[0]);
    return typeof value === "number" ? value : undefined;
  }

  #sumOf(state: LogState, { from, end }: Stretch, column: TotalsColumn): number {
    let sum = 0;
    for (let number = from; number < end; number++) {
      if (!this.fills(state, this.log.cellOf(state, number))) continue;
      const value = this.#valueOf(state, column, number);
      if (typeof value === "number") sum += value;
    }
    return sum;
  }

  #pushExtremes(state: LogState, stretch: Stretch, number: number): void {
    const { columns } = this.options.totals;
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c] as TotalsColumn;
      const value = column.extremesOffset < 0 ? undefined : this.#valueOf(state, column, number);
      if (typeof value !== "number") continue;
      const push = (queue: number[], isBeaten: (other: number) => boolean): void => {
        for (let last = queue.at(-1); last !== undefined; last = queue.at(-1)) {
          const other = this.#valueOf(state, column, last);
          if (typeof other === "number" && !isBeaten(other)) break;
          queue.pop();
        }
        queue.push(number);
      };
      push(stretch.minima[c] ?? [], (other) => other >= value);
      push(stretch.maxima[c] ?? [], (other) => other <= value);
    }
  }

  #countValues(
    state: LogState,
    stretch: Stretch,
    entry: { readonly number: number; readonly by: 1 | -1 },
  ): void {
    const { columns } = this.options.totals;
    for (let c = 0; c < columns.length; c++) {
      const counts = stretch.counts[c];
      const column = columns[c];
      if (counts === undefined || column === undefined) continue;
      countValue(counts, this.#valueOf(state, column, entry.number), entry.by);
      if (counts.size * 4 < scannedValues) stretch.counts[c] = undefined;
    }
  }

  #distinct(state: LogState, stretch: Stretch, column: TotalsColumn): number {
    const c = this.options.totals.columns.indexOf(column);
    const known = stretch.counts[c];
    if (known !== undefined) return known.size;
    const { from, end } = stretch;
    if (end - from <= scannedValues) return this.#scan(state, stretch, column);
    const counts: ValueCounts = new Map();
    for (let number = from; number < end; number++) {
      if (!this.fills(state, this.log.cellOf(state, number))) continue;
      countValue(counts, this.#valueOf(state, column, number), 1);
    }
    if (stretch.counts !== this.#summed.counts) stretch.counts[c] = counts;
    return counts.size;
  }

  #scan(state: LogState, { from, end }: Stretch, column: TotalsColumn): number {
    const { log } = this;
    let distinct = 0;
    for (let number = from; number < end; number++) {
      const fills = this.fills(state, log.cellOf(state, number));
      const value = fills ? this.#valueOf(state, column, number) : undefined;
      if (value === undefined) continue;
      let before = from;
      while (before < number) {
        const same = this.#valueOf(state, column, before) === value;
        if (same && this.fills(state, log.cellOf(state, before))) break;
        before++;
      }
      if (before === number) distinct++;
    }
    return distinct;
  }

  /** What lay in [at − size, at] up to the entry of a number, to be moved on entry by entry. */
  movingFrom(state: WindowState, at: number, number: number): Stretch {
    const { log } = this;
    const moving = this.#newStretch();
    const oldest = at - this.sizeMs;
    let from = number + 1;
    while (from > log.start(state) && log.timeAt(state, from - 1) >= oldest) from--;
    moving.from = from;
    moving.end = from;
    for (let n = from; n <= number; n++) this.#add(state, moving, n);
    return moving;
  }

  /** Moves past totals on to the next entry. */
  advance(state: WindowState, moving: Stretch, number: number): void {
    this.#add(state, moving, number);
    this.#slide(state, moving, this.log.timeAt(state, number));
  }

  /** Writes the asked values to their slots. */
  write(state: LogState, stretch: Stretch, values: number[]): void {
    const { sources } = this.options;
    for (let s = 0; s < sources.length; s++) {
      const source = sources[s] as AggregateSource;
      const { fn, column, slot } = source;
      values[slot] =
        fn === "distinct" && column !== undefined
          ? this.#distinct(state, stretch, column)
          : readTotal(source, stretch.cells, 0);
    }
  }

  /** Folds the log's oldest entry, which is about to leave early, into panes. */
  fold(state: LogState, panes: Pane[]): void {
    const number = this.log.start(state);
    const cell = this.log.cellOf(state, number);
    if (!this.fills(state, cell)) return;
    const at = state.cells[cell] as number;
    const width = paneWidth(this.sizeMs);
    const start = Math.floor(at / width) * width;
    let pane = panes.find((candidate) => candidate.start === start);
    if (pane === undefined) {
      pane = { start, cells: this.options.totals.blank() };
      panes.push(pane);
      panes.sort((a, b) => a.start - b.start);
    }
    this.#put(state, pane.cells, number);
  }

  /** Totals with the panes that reach into [t − size, t]; distinct() knows nothing of panes. */
  #withPanes(state: WindowState, stretch: Stretch, at: number): Stretch {
    const { totals } = this.options;
    const sum = totals.blank();
    const into = { cells: sum, base: 0 };
    totals.merge(into, { cells: stretch.cells, base: 0 });
    const width = paneWidth(this.sizeMs);
    for (const { start, cells } of state.panes[this.#index] ?? []) {
      const reaches = start + width > at - this.sizeMs && start <= at;
      if (reaches) totals.merge(into, { cells, base: 0 });
    }
    return { ...stretch, cells: sum };
  }

  /** Drops panes that lie outside [at − size, at]. */
  dropPanes(panes: Pane[], at: number): void {
    const width = paneWidth(this.sizeMs);
    while (panes[0] !== undefined && panes[0].start + width <= at - this.sizeMs) panes.shift();
  }

  /** Ids of the newest entries in [at − size, at] up to entry `number`, oldest first. */
  idsAt(
    state: LogState,
    of: { readonly at: number; readonly number: number; readonly most: number },
  ): readonly string[] {
    const { log } = this;
    const oldest = of.at - this.sizeMs;
    const start = log.start(state);
    const ids: string[] = [];
    for (let n = of.number; n >= start && ids.length < of.most; n--) {
      const cell = log.cellOf(state, n);
      if ((state.cells[cell] as number) < oldest) break;
      if (this.fills(state, cell)) ids.push(log.idAt(state, n));
    }
    return ids.reverse();
  }
}

/** Width of the panes that a window's overflow folds into: at most 61 of them cover it. */
export function paneWidth(sizeMs: number): number {
  return Math.max(60_000, Math.ceil(sizeMs / 60 / 60_000) * 60_000);
}
