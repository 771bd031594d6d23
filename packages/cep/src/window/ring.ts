import type { Arena } from "./arena.ts";

/** What the rings of a key lie in: its numbers and its texts, each in one array. */
export type RingState = { cells: number[]; texts: (string | undefined)[] };

/** Cells that a ring has at its head, apart from its records. */
const ringHead: readonly number[] = [0, 0, 0, 0, 0];
/** Numbers of the first record and of the one after the last; records that fit; where they lie. */
const startCell = 0;
const endCell = 1;
const capacityCell = 2;
const cellsCell = 3;
const textsCell = 4;

export type RingOptions = {
  /** Cells and texts of one record. */
  readonly width: number;
  readonly texts: number;
  /** Records that a key has room for before it needs any: 0 or a power of two. */
  readonly capacity: number;
};

/**
 * The plan of a queue of records that have numbers, which survive trimming. Records lie in a ring
 * of places, a power of two. All rings of a key share its arrays, one behind the other, so that a
 * key is a few cache lines in a row instead of many objects. Immutable: state lies in the arrays.
 */
export class Ring {
  readonly options: RingOptions;
  readonly #head: number;
  readonly #width: number;
  readonly #texts: number;
  /** All rings of a key, in the order in which they lie. */
  readonly #rings: readonly Ring[];

  /** Takes its place behind the rings that there are. */
  constructor(options: RingOptions, arena: Arena) {
    const { rings } = arena;
    this.options = options;
    this.#head = arena.reserve(ringHead);
    this.#width = options.width;
    this.#texts = options.texts;
    this.#rings = rings;
    rings.push(this);
  }

  /** Number of the first record. */
  start({ cells }: RingState): number {
    return cells[this.#head + startCell] as number;
  }

  /** Number of the record after the last. */
  end({ cells }: RingState): number {
    return cells[this.#head + endCell] as number;
  }

  count({ cells }: RingState): number {
    return (cells[this.#head + endCell] as number) - (cells[this.#head + startCell] as number);
  }

  /** First cell of a record. */
  cellOf({ cells }: RingState, number: number): number {
    const place = number & ((cells[this.#head + capacityCell] as number) - 1);
    return (cells[this.#head + cellsCell] as number) + place * this.#width;
  }

  /** First text of a record. */
  textOf({ cells }: RingState, number: number): number {
    const place = number & ((cells[this.#head + capacityCell] as number) - 1);
    return (cells[this.#head + textsCell] as number) + place * this.#texts;
  }

  /** Adds a record with whatever lies in its place; returns its number. */
  push(state: RingState): number {
    const capacity = state.cells[this.#head + capacityCell] as number;
    if (this.count(state) === capacity) this.#resize(state, capacity === 0 ? 1 : capacity * 2);
    const { cells } = state;
    const number = cells[this.#head + endCell] as number;
    cells[this.#head + endCell] = number + 1;
    return number;
  }

  /** Adds a record that gets a number; those from it on move up. */
  insert(state: RingState, number: number): void {
    for (let at = this.push(state); at > number; at--) this.move(state, at - 1, at);
  }

  /** Drops any record; those before it move up, those after it keep their numbers. */
  drop(state: RingState, number: number): void {
    const start = this.start(state);
    for (let at = number; at > start; at--) this.move(state, at - 1, at);
    this.shift(state);
  }

  /** Copies a record into the place of another. */
  move(state: RingState, from: number, to: number): void {
    const { cells, texts } = state;
    const cell = this.cellOf(state, from);
    const toCell = this.cellOf(state, to);
    for (let i = 0; i < this.#width; i++) cells[toCell + i] = cells[cell + i] as number;
    const text = this.textOf(state, from);
    const toText = this.textOf(state, to);
    for (let i = 0; i < this.#texts; i++) texts[toText + i] = texts[text + i];
  }

  /** Drops the first record. */
  shift(state: RingState): void {
    const { cells, texts } = state;
    const number = this.start(state);
    const text = this.textOf(state, number);
    for (let i = 0; i < this.#texts; i++) texts[text + i] = undefined;
    cells[this.#head + startCell] = number + 1;
    const capacity = cells[this.#head + capacityCell] as number;
    if (capacity >= 32 && this.count(state) * 8 <= capacity) this.#resize(state, capacity / 2);
  }

  /** Drops all records and keeps the room that they had. */
  clear({ cells, texts }: RingState): void {
    const text = cells[this.#head + textsCell] as number;
    const end = text + (cells[this.#head + capacityCell] as number) * this.#texts;
    for (let i = text; i < end; i++) texts[i] = undefined;
    cells[this.#head + startCell] = 0;
    cells[this.#head + endCell] = 0;
  }

  /** Drops the last record. */
  pop({ cells }: RingState): void {
    cells[this.#head + endCell] = (cells[this.#head + endCell] as number) - 1;
  }

  /** Lays the ring out for the first time, at the end of the arrays. */
  begin(state: RingState): void {
    const { cells, texts } = state;
    cells[this.#head + cellsCell] = cells.length;
    cells[this.#head + textsCell] = texts.length;
    this.#resize(state, this.options.capacity);
  }

  /** Gives the ring another capacity and moves those behind it. */
  #resize(state: RingState, capacity: number): void {
    const { cells, texts } = state;
    const head = this.#head;
    const was = cells[head + capacityCell] as number;
    const cell = cells[head + cellsCell] as number;
    const text = cells[head + textsCell] as number;
    const grown = replaced(
      cells,
      { at: cell, less: was * this.#width },
      blank(capacity * this.#width),
    );
    const words = new Array<string | undefined>(capacity * this.#texts).fill(undefined);
    const grownTexts = replaced(texts, { at: text, less: was * this.#texts }, words);
    grown[head + capacityCell] = capacity;
    const now = { cells: grown, texts: grownTexts };
    for (let number = this.start(state); number < this.end(state); number++) {
      const from = this.cellOf(state, number);
      const to = this.cellOf(now, number);
      for (let i = 0; i < this.#width; i++) grown[to + i] = cells[from + i] as number;
      const fromText = this.textOf(state, number);
      const toText = this.textOf(now, number);
      for (let i = 0; i < this.#texts; i++) grownTexts[toText + i] = texts[fromText + i];
    }
    for (let r = this.#rings.indexOf(this) + 1; r < this.#rings.length; r++) {
      const later = (this.#rings[r] as Ring).#head;
      grown[later + cellsCell] = (grown[later + cellsCell] as number) + grown.length - cells.length;
      grown[later + textsCell] =
        (grown[later + textsCell] as number) + grownTexts.length - texts.length;
    }
    state.cells = grown;
    state.texts = grownTexts;
  }
}

/** A copy of a list with a stretch of it replaced. */
function replaced<T>(
  list: readonly T[],
  stretch: { readonly at: number; readonly less: number },
  by: readonly T[],
): T[] {
  return list.slice(0, stretch.at).concat(by, list.slice(stretch.at + stretch.less));
}

/** Grown by push, so that the array has doubles from the first cell and no holes. */
function blank(count: number): number[] {
  const cells: number[] = [];
  for (let i = 0; i < count; i++) cells.push(Number.NaN);
  return cells;
}
