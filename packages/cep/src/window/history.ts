import type { StreamEvent } from "../stream.ts";
import type { Arena } from "./arena.ts";
import { Ring, type RingState } from "./ring.ts";
import { type AggregateSource, readTotal, type Totals } from "./totals.ts";

export type HistoryOptions = {
  readonly fingerprint: string;
  readonly memoryMs: number;
  readonly totals: Totals;
  /** What is asked of it. */
  readonly sources: readonly AggregateSource[];
  /** Nothing but idle() is asked. */
  readonly idleOnly: boolean;
  readonly since: number;
};

/** Panes that a key has room for from the start. */
const firstPanes = 2;

/**
 * A key's long memory: totals in at most 31 panes, of which the oldest is kept until it lies
 * wholly outside the memory. A pane is a record [start, totals…] of a ring. Exact in what it counts,
 * coarse only in when it forgets. The latest time is NaN for a key that was never seen.
 */
export class History {
  readonly options: HistoryOptions;
  /** First of its cells: the time of the latest event, then the totals of all panes. */
  readonly #base: number;
  readonly #panes: Ring | undefined;
  readonly #paneMs: number;
  /** Panes can be subtracted: no minimum, maximum or sum of doubles is asked. */
  readonly #exact: boolean;
  /** Sums of doubles depend on the order of their terms: they are always those of the panes. */
  readonly #hasFloats: boolean;

  constructor(options: HistoryOptions, arena: Arena) {
    this.options = options;
    const { columns, hasExtremes, size } = options.totals;
    this.#base = arena.reserve([Number.NaN, ...options.totals.empty]);
    this.#panes = options.idleOnly
      ? undefined
      : new Ring({ width: 1 + size, texts: 0, capacity: firstPanes }, arena);
    this.#paneMs = Math.max(1_000, Math.ceil(options.memoryMs / 30));
    this.#hasFloats = columns.some(({ needs }) => needs.float);
    this.#exact = !hasExtremes && !this.#hasFloats;
  }

  /** The time of the latest event; NaN for none. */
  lastAt({ cells }: RingState): number {
    return cells[this.#base] as number;
  }

  /** Writes what is known before an event of this time, forgetting what lies outside the memory. */
  write(state: RingState, at: number, values: number[]): void {
    const { sources } = this.options;
    const base = this.#base;
    if (this.#panes !== undefined) this.#age(state, this.#panes, at);
    const { cells } = state;
    const lastAt = cells[base] as number;
    for (let s = 0; s < sources.length; s++) {
      const source = sources[s] as AggregateSource;
      values[source.slot] = source.fn === "idle" ? at - lastAt : readTotal(source, cells, base + 1);
    }
  }

  #age(state: RingState, panes: Ring, at: number): void {
    const { memoryMs, totals } = this.options;
    const base = this.#base;
    const oldest = at - memoryMs - this.#paneMs;
    let aged = false;
    while (panes.count(state) > 0) {
      const pane = panes.cellOf(state, panes.start(state));
      if ((state.cells[pane] as number) > oldest) break;
      const { cells } = state;
      if (this.#exact) totals.subtract({ cells, base: base + 1 }, { cells, base: pane + 1 });
      panes.shift(state);
      aged = true;
    }
    if (aged && !this.#exact) this.#sum(state, panes);
  }

  /** Forgets everything, in place. */
  clear(state: RingState): void {
    const { totals } = this.options;
    const base = this.#base;
    state.cells[base] = Number.NaN;
    totals.clear(state.cells, base + 1);
    this.#panes?.clear(state);
  }

  /** Finds the totals anew from the panes. */
  #sum(state: RingState, panes: Ring): void {
    const { totals } = this.options;
    const base = this.#base;
    const { cells } = state;
    totals.clear(cells, base + 1);
    const into = { cells, base: base + 1 };
    for (let n = panes.start(state); n < panes.end(state); n++) {
      totals.merge(into, { cells, base: panes.cellOf(state, n) + 1 });
    }
  }

  /** Adds a judged event. */
  add(state: RingState, event: StreamEvent): void {
    const { since, totals } = this.options;
    const base = this.#base;
    if (event.at <= since) return;
    const lastAt = state.cells[base] as number;
    if (!(event.at <= lastAt)) state.cells[base] = event.at;
    if (this.#panes === undefined) return;
    const pane = this.#paneFor(state, this.#panes, event.at);
    totals.addEvent(state.cells, pane + 1, event);
    if (this.#hasFloats) this.#sum(state, this.#panes);
    else totals.addEvent(state.cells, base + 1, event);
  }

  /** First cell of the pane of a time, made if it is new. */
  #paneFor(state: RingState, panes: Ring, at: number): number {
    const start = Math.floor(at / this.#paneMs) * this.#paneMs;
    const first = panes.start(state);
    let number = panes.end(state) - 1;
    while (number >= first) {
      const pane = panes.cellOf(state, number);
      const paneStart = state.cells[pane] as number;
      if (paneStart === start) return pane;
      if (paneStart < start) break;
      number--;
    }
    return this.#newPane(state, panes, { number: number + 1, start });
  }

  #newPane(
    state: RingState,
    panes: Ring,
    at: { readonly number: number; readonly start: number },
  ): number {
    panes.insert(state, at.number);
    const pane = panes.cellOf(state, at.number);
    state.cells[pane] = at.start;
    this.options.totals.clear(state.cells, pane + 1);
    return pane;
  }

  /** The time of the latest event, NaN for none, and the panes one after the other, oldest first. */
  stored(state: RingState): { readonly lastAt: number; readonly panes: readonly number[] } {
    const { totals } = this.options;
    const base = this.#base;
    const panes: number[] = [];
    const ring = this.#panes;
    const end = ring?.end(state) ?? 0;
    for (let n = ring?.start(state) ?? 0; n < end && ring !== undefined; n++) {
      const pane = ring.cellOf(state, n);
      for (let i = 0; i <= totals.size; i++) panes.push(state.cells[pane + i] as number);
    }
    return { lastAt: state.cells[base] as number, panes };
  }

  /** Puts back what {@link stored} gave into a state that has nothing yet. */
  restore(
    state: RingState,
    stored: { readonly lastAt: number; readonly panes: readonly number[] },
  ): void {
    const ring = this.#panes;
    state.cells[this.#base] = stored.lastAt;
    if (ring === undefined) return;
    const width = 1 + this.options.totals.size;
    for (let i = 0; i + width <= stored.panes.length; i += width) {
      const pane = ring.cellOf(state, ring.push(state));
      for (let c = 0; c < width; c++) state.cells[pane + c] = stored.panes[i + c] as number;
    }
    this.#sum(state, ring);
  }
}
