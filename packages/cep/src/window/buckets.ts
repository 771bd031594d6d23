import type { WindowSpec } from "../rules/definition.ts";
import type { StreamEvent } from "../stream.ts";
import type { Arena, ArenaState } from "./arena.ts";
import { Ring } from "./ring.ts";
import {
  type AggregateSource,
  countValue,
  readTotal,
  type Totals,
  type ValueCounts,
} from "./totals.ts";

export type BucketOptions = {
  readonly fingerprint: string;
  /** Bit of the condition whose events fill it. */
  readonly fill: number;
  readonly window: Exclude<WindowSpec, { kind: "sliding" }>;
  readonly totals: Totals;
  /** What is asked of it. */
  readonly sources: readonly AggregateSource[];
  readonly since: number;
};

/** One window as it is stored. `end` is exclusive; a session's end moves. */
export type StoredBucket = {
  readonly start: number;
  readonly end: number;
  /** How often it has fired. */
  readonly fired: number;
  /** Changed since it last fired. */
  readonly dirty: boolean;
  readonly totals: readonly number[];
  /** Per column with distinct(): occurrences by value. */
  readonly counts: readonly ValueCounts[];
  /** Times and ids of its newest events, oldest first. */
  readonly ats: readonly number[];
  readonly ids: readonly string[];
};

/** Ids that a window keeps to explain itself, the newest ones. */
const maxBucketIds = 40;

/** Cells of a record: [start, end, times fired, dirty, totals…]. */
const endCell = 1;
const firedCell = 2;
const dirtyCell = 3;
const totalsCell = 4;

const noCounts: readonly ValueCounts[] = [];

/**
 * The windows of a key that collect events and close: tumbling, session or global. A window is a
 * record of a ring, by start; they do not overlap. A second ring has the times and ids of their
 * newest events, those of one window after those of another. Immutable: state lies in the rings.
 */
export class Buckets {
  readonly options: BucketOptions;
  readonly #records: Ring;
  readonly #ids: Ring;

  /** Place of the values of windows with distinct(). */
  readonly #counted: number;

  constructor(options: BucketOptions, arena: Arena) {
    const width = totalsCell + options.totals.size;
    this.options = options;
    this.#records = new Ring({ width, texts: 0, capacity: 1 }, arena);
    this.#ids = new Ring({ width: 1, texts: 1, capacity: 1 }, arena);
    this.#counted = arena.reserveCounted();
  }

  /** Number of the earliest window. */
  start(state: ArenaState): number {
    return this.#records.start(state);
  }

  /** Number of the window after the latest. */
  end(state: ArenaState): number {
    return this.#records.end(state);
  }

  startOf(state: ArenaState, number: number): number {
    return state.cells[this.#records.cellOf(state, number)] as number;
  }

  endOf(state: ArenaState, number: number): number {
    return state.cells[this.#records.cellOf(state, number) + endCell] as number;
  }

  countOf(state: ArenaState, number: number): number {
    return state.cells[this.#records.cellOf(state, number) + totalsCell] as number;
  }

  /** Whether events of this time may still find their window open. */
  takes(at: number, closedUpTo: number): boolean {
    const { window } = this.options;
    if (window.kind === "global") return true;
    if (window.kind === "session") return at + window.gapMs > closedUpTo;
    return startOfTumbling(at, window.sizeMs) + window.sizeMs - 1 > closedUpTo;
  }

  /** Puts an event into its window. */
  add(state: ArenaState, event: StreamEvent): void {
    const { totals } = this.options;
    const number = this.#windowFor(state, event.at);
    this.#list(state, number, event);
    const cell = this.#records.cellOf(state, number);
    totals.addEvent(state.cells, cell + totalsCell, event);
    state.cells[cell + dirtyCell] = 1;
    const counts = this.#counts(state, number);
    for (let d = 0; d < counts.length; d++) {
      countValue(counts[d] as ValueCounts, totals.distinct[d]?.valueOf(event), 1);
    }
  }

  #windowFor(state: ArenaState, at: number): number {
    const { window } = this.options;
    if (window.kind === "session") return this.#sessionFor(state, at, window.gapMs);
    if (window.kind === "global") return this.#globalFor(state, at, window.timeMs);
    const start = startOfTumbling(at, window.sizeMs);
    const number = this.#newestBefore(state, start);
    const isOpen = number >= this.start(state) && this.startOf(state, number) === start;
    return isOpen ? number : this.#open(state, number + 1, { start, end: start + window.sizeMs });
  }

  /** The one that is open grows in both directions. */
  #globalFor(state: ArenaState, at: number, timeMs: number | undefined): number {
    const number = this.end(state) - 1;
    if (number < this.start(state)) {
      const end = timeMs === undefined ? Number.POSITIVE_INFINITY : at + timeMs;
      return this.#open(state, number + 1, { start: at, end });
    }
    const cell = this.#records.cellOf(state, number);
    state.cells[cell] = Math.min(state.cells[cell] as number, at);
    return number;
  }

  /** Sessions [first, last + gap) that touch or overlap become one. */
  #sessionFor(state: ArenaState, at: number, gapMs: number): number {
    const end = at + gapMs;
    let number = this.#newestBefore(state, end);
    const touches = (n: number): boolean => n >= this.start(state) && this.endOf(state, n) >= at;
    if (!touches(number)) return this.#open(state, number + 1, { start: at, end });
    if (touches(number - 1)) number = this.#merge(state, number);
    const cell = this.#records.cellOf(state, number);
    const { cells } = state;
    cells[cell] = Math.min(cells[cell] as number, at);
    cells[cell + endCell] = Math.max(cells[cell + endCell] as number, end);
    return number;
  }

  /** Adds the window before this one to it. */
  #merge(state: ArenaState, number: number): number {
    const { totals } = this.options;
    const { cells } = state;
    const before = this.#records.cellOf(state, number - 1);
    const cell = this.#records.cellOf(state, number);
    let tooMany = this.#listed(state, number - 1) + this.#listed(state, number) - maxBucketIds;
    for (; tooMany > 0; tooMany--) this.#ids.drop(state, this.#firstId(state, number - 1));
    const fired = Math.max(cells[before + firedCell] as number, cells[cell + firedCell] as number);
    cells[cell] = cells[before] as number;
    cells[cell + firedCell] = fired;
    totals.merge({ cells, base: cell + totalsCell }, { cells, base: before + totalsCell });
    const counts = this.#counts(state, number);
    this.#counts(state, number - 1).forEach((values, d) => {
      for (const [value, n] of values) countValue(counts[d] as ValueCounts, value, n);
    });
    this.#dropRecord(state, number - 1);
    return number;
  }

  /** Number of the newest window that does not start after a time; before the first if all do. */
  #newestBefore(state: ArenaState, at: number): number {
    const first = this.start(state);
    let number = this.end(state) - 1;
    while (number >= first && this.startOf(state, number) > at) number--;
    return number;
  }

  /** A window without events; those from this number on move up. */
  #open(
    state: ArenaState,
    number: number,
    span: { readonly start: number; readonly end: number },
  ): number {
    const { totals } = this.options;
    this.#records.insert(state, number);
    const { cells } = state;
    const cell = this.#records.cellOf(state, number);
    cells[cell] = span.start;
    cells[cell + endCell] = span.end;
    cells[cell + firedCell] = 0;
    cells[cell + dirtyCell] = 0;
    totals.clear(cells, cell + totalsCell);
    if (totals.distinct.length > 0) {
      const place = this.#counted;
      if (state.counted[place] === undefined) state.counted = state.counted.with(place, []);
      const fresh = totals.distinct.map(() => new Map());
      state.counted[place]?.splice(number - this.start(state), 0, fresh);
    }
    return number;
  }

  #counts(state: ArenaState, number: number): readonly ValueCounts[] {
    if (this.options.totals.distinct.length === 0) return noCounts;
    return state.counted[this.#counted]?.[number - this.start(state)] ?? noCounts;
  }

  /** How many ids a window lists. */
  #listed(state: ArenaState, number: number): number {
    return Math.min(this.countOf(state, number), maxBucketIds);
  }

  /** Number of the first id of a window, which come in the order of the windows. */
  #firstId(state: ArenaState, number: number): number {
    let id = this.#ids.start(state);
    for (let n = this.start(state); n < number; n++) id += this.#listed(state, n);
    return id;
  }

  /** Lists the id of an event that is not counted yet. */
  #list(state: ArenaState, number: number, event: StreamEvent): void {
    const ids = this.#ids;
    const first = this.#firstId(state, number);
    const listed = this.#listed(state, number);
    let id = first + listed;
    while (id > first && (state.cells[ids.cellOf(state, id - 1)] as number) > event.at) id--;
    ids.insert(state, id);
    state.cells[ids.cellOf(state, id)] = event.at;
    state.texts[ids.textOf(state, id)] = event.id;
    if (listed === maxBucketIds) ids.drop(state, first);
  }

  idsOf(state: ArenaState, number: number): readonly string[] {
    const first = this.#firstId(state, number);
    const listed: string[] = [];
    for (let id = first; id < first + this.#listed(state, number); id++) {
      listed.push(state.texts[this.#ids.textOf(state, id)] as string);
    }
    return listed;
  }

  /** Number of the window that an event of this time belongs to; -1 when there is none. */
  numberAt(state: ArenaState, at: number): number {
    const number = this.#newestBefore(state, at);
    return number >= this.start(state) && at < this.endOf(state, number) ? number : -1;
  }

  /** Writes the values of a window, or with -1 those of an empty one. */
  write(state: ArenaState, number: number, values: number[]): void {
    const { totals, sources } = this.options;
    const isEmpty = number < 0;
    const cells = isEmpty ? totals.empty : state.cells;
    const base = isEmpty ? 0 : this.#records.cellOf(state, number) + totalsCell;
    for (let s = 0; s < sources.length; s++) {
      const source = sources[s] as AggregateSource;
      const { fn, column, slot } = source;
      values[slot] =
        fn === "distinct" && column !== undefined
          ? (this.#counts(state, number)[totals.distinct.indexOf(column)]?.size ?? 0)
          : readTotal(source, cells, base);
    }
  }

  /**
   * The watermark that closes a window. A session waits one millisecond longer than others: an
   * event exactly a gap after the last one still belongs to it.
   */
  closesAt(state: ArenaState, number: number): number {
    const end = this.endOf(state, number);
    return this.options.window.kind === "session" ? end : end - 1;
  }

  isDirty(state: ArenaState, number: number): boolean {
    return state.cells[this.#records.cellOf(state, number) + dirtyCell] === 1;
  }

  /** The watermark at which the next window is to fire; `Infinity` when none has anything to say. */
  dueAt(state: ArenaState): number {
    let due = Number.POSITIVE_INFINITY;
    const end = this.end(state);
    for (let number = this.start(state); number < end; number++) {
      if (this.isDirty(state, number)) due = Math.min(due, this.closesAt(state, number));
    }
    return due;
  }

  /** Notes that a window fires; returns how often it had fired before. */
  fire(state: ArenaState, number: number): number {
    const { cells } = state;
    const cell = this.#records.cellOf(state, number);
    const fired = cells[cell + firedCell] as number;
    cells[cell + firedCell] = fired + 1;
    cells[cell + dirtyCell] = 0;
    return fired;
  }

  /** Forgets a window; those after it keep their numbers. */
  drop(state: ArenaState, number: number): void {
    if (this.end(state) - this.start(state) === 1) {
      this.clear(state);
      return;
    }
    const first = this.#firstId(state, number);
    const listed = this.#listed(state, number);
    for (let id = first; id < first + listed; id++) this.#ids.drop(state, id);
    this.#dropRecord(state, number);
  }

  #dropRecord(state: ArenaState, number: number): void {
    state.counted[this.#counted]?.splice(number - this.start(state), 1);
    this.#records.drop(state, number);
  }

  /** Forgets all windows. */
  clear(state: ArenaState): void {
    const place = this.#counted;
    this.#records.clear(state);
    this.#ids.clear(state);
    if (state.counted[place] !== undefined) state.counted = state.counted.with(place, undefined);
  }

  /** All windows, by start. */
  stored(state: ArenaState): readonly StoredBucket[] {
    const windows: StoredBucket[] = [];
    for (let number = this.start(state); number < this.end(state); number++) {
      windows.push(this.#storedOf(state, number));
    }
    return windows;
  }

  #storedOf(state: ArenaState, number: number): StoredBucket {
    const { cells } = state;
    const cell = this.#records.cellOf(state, number);
    const totals = cell + totalsCell;
    const first = this.#firstId(state, number);
    const ids = this.idsOf(state, number);
    return {
      start: cells[cell] as number,
      end: cells[cell + endCell] as number,
      fired: cells[cell + firedCell] as number,
      dirty: cells[cell + dirtyCell] === 1,
      totals: cells.slice(totals, totals + this.options.totals.size),
      counts: this.#counts(state, number),
      ats: ids.map((_, i) => cells[this.#ids.cellOf(state, first + i)] as number),
      ids,
    };
  }

  /** Puts back what {@link stored} gave into a state that has nothing yet. */
  restore(state: ArenaState, windows: readonly StoredBucket[]): void {
    for (const window of windows) {
      const number = this.#open(state, this.end(state), window);
      const cell = this.#records.cellOf(state, number);
      state.cells[cell + firedCell] = window.fired;
      state.cells[cell + dirtyCell] = window.dirty ? 1 : 0;
      window.totals.forEach((value, i) => {
        state.cells[cell + totalsCell + i] = value;
      });
      window.ids.forEach((text, i) => {
        const id = this.#ids.push(state);
        state.cells[this.#ids.cellOf(state, id)] = window.ats[i] as number;
        state.texts[this.#ids.textOf(state, id)] = text;
      });
      const counted = state.counted[this.#counted];
      if (counted !== undefined) counted[counted.length - 1] = [...window.counts];
    }
  }
}

function startOfTumbling(at: number, sizeMs: number): number {
  return Math.floor(at / sizeMs) * sizeMs;
}
