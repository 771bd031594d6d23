import type { Ring, RingState } from "./ring.ts";
import type { ValueCounts } from "./totals.ts";

/** What a key's windows lie in, apart from what follows from that. */
export type ArenaState = RingState & {
  /** Values of the windows with distinct(); shared by all keys until something is put in. */
  counted: readonly (ValueCounts[][] | undefined)[];
};

/**
 * The plan of the arrays that a key's state lies in: single cells at fixed places first, rings
 * behind them. It is complete before the first key is made.
 */
export class Arena {
  /** In the order in which they lie. */
  readonly rings: Ring[] = [];
  readonly #cells: number[] = [];
  readonly #counted: undefined[] = [];
  #blank: ArenaState | undefined;

  /** Takes cells that begin with these values; returns the place of the first. */
  reserve(blank: readonly number[]): number {
    return this.#cells.push(...blank) - blank.length;
  }

  /** Takes a place among the lists of values. */
  reserveCounted(): number {
    return this.#counted.push(undefined) - 1;
  }

  /** What every key begins with; to be copied before anything is put in. */
  get blank(): Readonly<ArenaState> {
    this.#blank ??= this.#lay();
    return this.#blank;
  }

  #lay(): ArenaState {
    const state = { cells: this.#cells.slice(), texts: [], counted: this.#counted };
    for (const ring of this.rings) ring.begin(state);
    return state;
  }
}
