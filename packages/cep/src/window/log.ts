import { TIME_FIELD, TYPE_FIELD } from "../language/expression.ts";
import type { StreamEvent, Value } from "../stream.ts";
import type { Arena } from "./arena.ts";
import { Ring, type RingOptions, type RingState } from "./ring.ts";

/** Where the entries of a log keep one field of their events. */
export type LogColumn = {
  /** Index among the stream's fields, or TIME_FIELD or TYPE_FIELD. */
  readonly field: number;
  readonly kind: "number" | "bool" | "text";
  /** Offset within an entry's cells (numbers, truths) or within its texts. */
  readonly offset: number;
};

/**
 * How all logs of a lane lay out their entries: cells are [time, mask words…, bytes of the id,
 * numbers…], texts are [id, type, texts…]. A missing number is NaN.
 */
export type LogLayout = {
  readonly words: number;
  readonly columns: readonly LogColumn[];
  readonly cells: number;
  readonly texts: number;
};

/** What logs lie in, and an index of the ids in the log that has one: it follows from the entries. */
export type LogState = RingState & { ids: Set<string> | undefined };

/** Conditions per word of a mask. */
export const wordBits = 30;

/** Logs with more entries are indexed by id; the index goes when a quarter of them is left. */
const indexFrom = 16;

/** `type` and `at` are kept of every event. */
export const timeColumn: LogColumn = { field: TIME_FIELD, kind: "number", offset: 0 };
export const typeColumn: LogColumn = { field: TYPE_FIELD, kind: "text", offset: 1 };

/** Lays out entries with one bit a condition and these fields, given by index and type. */
export function layoutOf(
  bits: number,
  fields: readonly { readonly field: number; readonly type: string }[],
): LogLayout {
  const words = Math.ceil(bits / wordBits);
  let cells = 2 + words;
  let texts = 2;
  const columns = fields.map(({ field, type }): LogColumn => {
    if (type === "string") return { field, kind: "text", offset: texts++ };
    return { field, kind: type === "bool" ? "bool" : "number", offset: cells++ };
  });
  return { words, columns, cells, texts };
}

export type LogOptions = Pick<RingOptions, "capacity"> & {
  readonly layout: LogLayout;
  /** Ids are looked up in it. */
  readonly indexed: boolean;
};

/**
 * The plan of a log: recent events of a key by (time, arrival), reduced to what rules may still ask
 * of them. Entries are records of a ring; an entry costs no allocation.
 */
export class EventLog {
  readonly layout: LogLayout;
  readonly #ring: Ring;
  /** Cell that counts the bytes which the ids take when stored: UUIDs are packed. */
  readonly #idBytes: number;
  readonly #indexed: boolean;

  constructor(options: LogOptions, arena: Arena) {
    const { layout, capacity } = options;
    this.layout = layout;
    this.#ring = new Ring({ capacity, width: layout.cells, texts: layout.texts }, arena);
    this.#idBytes = arena.reserve([0]);
    this.#indexed = options.indexed;
  }

  /** Number of the oldest entry. */
  start(state: LogState): number {
    return this.#ring.start(state);
  }

  /** Number of the entry after the newest. */
  end(state: LogState): number {
    return this.#ring.end(state);
  }

  count(state: LogState): number {
    return this.#ring.count(state);
  }

  idBytes({ cells }: LogState): number {
    return cells[this.#idBytes] as number;
  }

  /** First of the entry's cells. */
  cellOf(state: LogState, number: number): number {
    return this.#ring.cellOf(state, number);
  }

  timeAt(state: LogState, number: number): number {
    return state.cells[this.#ring.cellOf(state, number)] as number;
  }

  idAt(state: LogState, number: number): string {
    return state.texts[this.#ring.textOf(state, number)] as string;
  }

  typeAt(state: LogState, number: number): string {
    return state.texts[this.#ring.textOf(state, number) + 1] as string;
  }

  /** A kept field of an entry. */
  valueAt(state: LogState, number: number, column: LogColumn): Value {
    if (column.kind === "text") {
      return state.texts[this.#ring.textOf(state, number) + column.offset];
    }
    const cell = state.cells[this.#ring.cellOf(state, number) + column.offset] as number;
    if (Number.isNaN(cell)) return undefined;
    return column.kind === "bool" ? cell === 1 : cell;
  }

  /** Time of the newest entry, `-Infinity` for an empty log. */
  latestAt(state: LogState): number {
    const ring = this.#ring;
    return ring.count(state) === 0
      ? Number.NEGATIVE_INFINITY
      : this.timeAt(state, ring.end(state) - 1);
  }

  /** Number of the newest entry that is not after a time; before the oldest one when all are. */
  newestAt(state: LogState, at: number): number {
    const start = this.start(state);
    let number = this.end(state) - 1;
    while (number >= start && this.timeAt(state, number) > at) number--;
    return number;
  }

  /**
   * Inserts an event behind all entries of the same or an earlier time; returns its number. `words`
   * is its mask; words that a stored one does not have are empty.
   */
  insert(state: LogState, event: StreamEvent, words: readonly number[]): number {
    const { layout } = this;
    const ring = this.#ring;
    let number = ring.push(state);
    const start = ring.start(state);
    while (number > start && this.timeAt(state, number - 1) > event.at) {
      ring.move(state, number - 1, number);
      number--;
    }
    const { cells, texts } = state;
    const cell = ring.cellOf(state, number);
    cells[cell] = event.at;
    for (let w = 0; w < layout.words; w++) cells[cell + 1 + w] = words[w] ?? 0;
    const text = ring.textOf(state, number);
    texts[text] = event.id;
    texts[text + 1] = event.type;
    for (let c = 0; c < layout.columns.length; c++) {
      const { kind, field, offset } = layout.columns[c] as LogColumn;
      const value = event.values[field];
      if (kind === "number") cells[cell + offset] = typeof value === "number" ? value : Number.NaN;
      else if (kind === "text")
        texts[text + offset] = typeof value === "string" ? value : undefined;
      else cells[cell + offset] = typeof value === "boolean" ? Number(value) : Number.NaN;
    }
    const bytes = idBytes(event.id);
    cells[cell + 1 + layout.words] = bytes;
    cells[this.#idBytes] = (cells[this.#idBytes] as number) + bytes;
    if (this.#indexed) state.ids?.add(event.id);
    return number;
  }

  /** Removes the oldest entry; does not look at its id, which would cost a cache line. */
  dropOldest(state: LogState): void {
    const ring = this.#ring;
    const { cells } = state;
    const number = ring.start(state);
    const bytes = cells[ring.cellOf(state, number) + 1 + this.layout.words] as number;
    cells[this.#idBytes] = (cells[this.#idBytes] as number) - bytes;
    if (this.#indexed) state.ids?.delete(this.idAt(state, number));
    ring.shift(state);
    if (!this.#indexed || state.ids === undefined) return;
    if (ring.count(state) * 4 < indexFrom) state.ids = undefined;
  }

  /** Removes all entries. */
  clear(state: LogState): void {
    this.#ring.clear(state);
    state.cells[this.#idBytes] = 0;
    if (this.#indexed) state.ids = undefined;
  }

  /** Removes any entry; those after it have numbers one lower then. The index is left as it is. */
  drop(state: LogState, number: number): void {
    const ring = this.#ring;
    const last = ring.end(state) - 1;
    for (let to = number; to < last; to++) ring.move(state, to + 1, to);
    ring.pop(state);
  }

  /** Whether the log has an event of this id. */
  knowsId(state: LogState, id: string): boolean {
    const start = this.start(state);
    const end = this.end(state);
    if (end - start > indexFrom) {
      state.ids ??= this.#idsOf(state);
      return state.ids.has(id);
    }
    if (state.ids !== undefined) return state.ids.has(id);
    for (let number = end - 1; number >= start; number--) {
      if (this.idAt(state, number) === id) return true;
    }
    return false;
  }

  #idsOf(state: LogState): Set<string> {
    const ids = new Set<string>();
    const end = this.end(state);
    for (let number = this.start(state); number < end; number++) ids.add(this.idAt(state, number));
    return ids;
  }
}

/** Whether a condition held for an entry, given by the first of its cells. */
export function holds({ cells }: LogState, cell: number, bit: number): boolean {
  if (bit < wordBits) return ((cells[cell + 1] as number) & (1 << bit)) !== 0;
  const word = Math.floor(bit / wordBits);
  return ((cells[cell + 1 + word] as number) & (1 << (bit - word * wordBits))) !== 0;
}

/** Says in a mask that a condition holds. */
export function setBit(words: number[], bit: number): void {
  const word = bit < wordBits ? 0 : Math.floor(bit / wordBits);
  words[word] = (words[word] as number) | (1 << (bit - word * wordBits));
}

function idBytes(id: string): number {
  return id.length === 36 ? 16 : id.length;
}
