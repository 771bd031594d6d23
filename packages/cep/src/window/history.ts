import type { StreamEvent } from "../stream.ts";
import { type AggregateSource, readTotal, type Totals } from "./totals.ts";

export type HistoryOptions = {
  readonly fingerprint: string;
  /** Place among the lane's histories. */
  readonly index: number;
  readonly types: readonly string[];
  readonly memoryMs: number;
  readonly totals: Totals;
  /** First of its cells: the time of the latest event, then the totals of all panes. */
  readonly base: number;
  /** Something besides idle() is asked, so that there are panes. */
  readonly counts: boolean;
  readonly since: number;
};

/** What histories share: cells, and per history its panes, each [start, totals…], oldest first. */
export type HistoryState = { readonly cells: number[]; readonly histories: number[][] };

/**
 * A key's long memory: totals in at most 31 panes, of which the oldest is kept until it lies
 * wholly outside the memory. Exact in what it counts, coarse only in when it forgets. The latest
 * time is NaN for a key that was never seen.
 */
export class History {
  readonly options: HistoryOptions;
  readonly #paneMs: number;
  readonly #stride: number;
  /** Panes can be subtracted: no minimum, maximum or sum of doubles is asked. */
  readonly #exact: boolean;

  constructor(options: HistoryOptions) {
    this.options = options;
    this.#paneMs = Math.max(1_000, Math.ceil(options.memoryMs / 30));
    this.#stride = 1 + options.totals.size;
    const { columns, hasExtremes } = options.totals;
    this.#exact = !hasExtremes && columns.every(({ needs }) => !needs.float);
  }

  /** Writes what is known before an event of this time, forgetting what lies outside the memory. */
  write(
    state: HistoryState,
    sources: readonly AggregateSource[],
    to: { readonly values: number[]; readonly at: number },
  ): void {
    const { base } = this.options;
    const { cells } = state;
    this.#age(state, to.at);
    const lastAt = cells[base] as number;
    for (const source of sources) {
      to.values[source.slot] =
        source.fn === "idle" ? to.at - lastAt : readTotal(source, cells, base + 1);
    }
  }

  #age(state: HistoryState, at: number): void {
    const { index, memoryMs, totals, base } = this.options;
    const panes = state.histories[index] as number[];
    const oldest = at - memoryMs - this.#paneMs;
    let gone = 0;
    while (gone < panes.length && (panes[gone] as number) <= oldest) gone += this.#stride;
    if (gone === 0) return;
    if (this.#exact) {
      const into = { cells: state.cells, base: base + 1 };
      for (let pane = 0; pane < gone; pane += this.#stride) {
        totals.subtract(into, { cells: panes, base: pane + 1 });
      }
    }
    panes.splice(0, gone);
    if (!this.#exact) this.sum(state);
  }

  /** Finds the totals anew from the panes. */
  sum(state: HistoryState): void {
    const { index, totals, base } = this.options;
    const panes = state.histories[index] as number[];
    totals.clear(state.cells, base + 1);
    const into = { cells: state.cells, base: base + 1 };
    for (let pane = 0; pane < panes.length; pane += this.#stride) {
      totals.merge(into, { cells: panes, base: pane + 1 });
    }
  }

  /** Adds a judged event. */
  add(state: HistoryState, event: StreamEvent): void {
    const { base, since, types, totals, counts } = this.options;
    if (event.at <= since || !types.includes(event.type)) return;
    const { cells } = state;
    const lastAt = cells[base] as number;
    cells[base] = event.at > lastAt || Number.isNaN(lastAt) ? event.at : lastAt;
    if (!counts) return;
    totals.addEvent(cells, base + 1, event);
    const pane = this.#paneFor(state, event.at);
    totals.addEvent(state.histories[this.options.index] as number[], pane + 1, event);
  }

  /** Place of the pane of a time, made if it is new. */
  #paneFor(state: HistoryState, at: number): number {
    const { index, totals } = this.options;
    const start = Math.floor(at / this.#paneMs) * this.#paneMs;
    const panes = state.histories[index] as number[];
    let pane = panes.length - this.#stride;
    while (pane >= 0 && (panes[pane] as number) > start) pane -= this.#stride;
    if (pane >= 0 && panes[pane] === start) return pane;
    const place = pane + this.#stride;
    const fresh = [start, ...totals.blank()];
    if (panes.length === 0) state.histories[index] = fresh;
    else if (place === panes.length) for (const cell of fresh) panes.push(cell);
    else panes.splice(place, 0, ...fresh);
    return place;
  }
}
