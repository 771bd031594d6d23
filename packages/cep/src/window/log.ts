import { TIME_FIELD, TYPE_FIELD } from "../language/expression.ts";
import type { StreamEvent, Value } from "../stream.ts";

/** Where the entries of a log keep one field of their events. */
export type LogColumn = {
  /** Index among the stream's fields, or TIME_FIELD or TYPE_FIELD. */
  readonly field: number;
  readonly kind: "number" | "bool" | "text";
  /** Offset within an entry's cells (numbers, truths) or within its texts. */
  readonly offset: number;
};

/**
 * How all logs of a lane lay out their entries: cells are [time, mask words…, numbers…], texts are
 * [id, type, texts…]. A missing number is NaN.
 */
export type LogLayout = {
  readonly words: number;
  readonly columns: readonly LogColumn[];
  readonly cells: number;
  readonly texts: number;
};

/**
 * Recent events of a key by (time, arrival), reduced to what rules may still ask of them. Entries
 * have numbers from `start` to `end` (exclusive) that survive trimming, and lie in a ring of
 * `capacity` places, a power of two: columns instead of objects, so that a key's entry costs no
 * allocation and one or two cache lines.
 */
export type EventLog = {
  cells: number[];
  texts: (string | undefined)[];
  capacity: number;
  start: number;
  end: number;
  /** Bytes that the ids take when stored: UUIDs are packed. */
  idBytes: number;
  /** Speeds up look-ups of ids in long logs; follows from the entries. */
  ids: Set<string> | undefined;
};

/** Conditions per word of a mask. */
export const wordBits = 30;

const noCells: number[] = [];
const noTexts: (string | undefined)[] = [];
const firstCapacity = 2;
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
  let cells = 1 + words;
  let texts = 2;
  const columns = fields.map(({ field, type }): LogColumn => {
    if (type === "string") return { field, kind: "text", offset: texts++ };
    return { field, kind: type === "bool" ? "bool" : "number", offset: cells++ };
  });
  return { words, columns, cells, texts };
}

export function emptyLog(): EventLog {
  return {
    cells: noCells,
    texts: noTexts,
    capacity: 0,
    start: 0,
    end: 0,
    idBytes: 0,
    ids: undefined,
  };
}

/** Forgets all entries, in place. */
export function clearLog(log: EventLog): void {
  log.cells = noCells;
  log.texts = noTexts;
  log.capacity = 0;
  log.start = 0;
  log.end = 0;
  log.idBytes = 0;
  log.ids = undefined;
}

export function logLength(log: EventLog): number {
  return log.end - log.start;
}

export function timeAt(layout: LogLayout, log: EventLog, number: number): number {
  return log.cells[(number & (log.capacity - 1)) * layout.cells] as number;
}

export function idAt(layout: LogLayout, log: EventLog, number: number): string {
  return log.texts[(number & (log.capacity - 1)) * layout.texts] as string;
}

export function typeAt(layout: LogLayout, log: EventLog, number: number): string {
  return log.texts[(number & (log.capacity - 1)) * layout.texts + 1] as string;
}

/** First of the entry's cells. */
export function cellsAt(layout: LogLayout, log: EventLog, number: number): number {
  return (number & (log.capacity - 1)) * layout.cells;
}

/** Whether a condition held for an entry, the entry given by the first of its cells. */
export function holds(log: EventLog, cell: number, bit: number): boolean {
  const word = bit < wordBits ? 0 : Math.floor(bit / wordBits);
  return ((log.cells[cell + 1 + word] as number) & (1 << (bit - word * wordBits))) !== 0;
}

/** Time of the newest entry, `-Infinity` for an empty log. */
export function latestAt(layout: LogLayout, log: EventLog): number {
  return log.end === log.start ? Number.NEGATIVE_INFINITY : timeAt(layout, log, log.end - 1);
}

/** A kept field of an entry. */
export function valueAt(
  layout: LogLayout,
  log: EventLog,
  at: { readonly number: number; readonly column: LogColumn },
): Value {
  const { column, number } = at;
  const place = number & (log.capacity - 1);
  if (column.kind === "text") return log.texts[place * layout.texts + column.offset];
  const cell = log.cells[place * layout.cells + column.offset] as number;
  if (Number.isNaN(cell)) return undefined;
  return column.kind === "bool" ? cell === 1 : cell;
}

/**
 * Inserts an event behind all entries of the same or an earlier time; returns its number. `words`
 * is its mask.
 */
export function insert(
  layout: LogLayout,
  log: EventLog,
  given: { readonly event: StreamEvent; readonly words: readonly number[] },
): number {
  const { event, words } = given;
  if (log.end - log.start === log.capacity) {
    resize(layout, log, log.capacity === 0 ? firstCapacity : log.capacity * 2);
  }
  let number = log.end++;
  while (number > log.start && timeAt(layout, log, number - 1) > event.at) {
    move(layout, log, number--);
  }
  const cell = cellsAt(layout, log, number);
  const { cells, texts } = log;
  cells[cell] = event.at;
  for (let w = 0; w < layout.words; w++) cells[cell + 1 + w] = words[w] as number;
  const text = (number & (log.capacity - 1)) * layout.texts;
  texts[text] = event.id;
  texts[text + 1] = event.type;
  for (const { kind, field, offset } of layout.columns) {
    const value = event.values[field];
    if (kind === "number") cells[cell + offset] = typeof value === "number" ? value : Number.NaN;
    else if (kind === "text") texts[text + offset] = typeof value === "string" ? value : undefined;
    else cells[cell + offset] = typeof value === "boolean" ? Number(value) : Number.NaN;
  }
  log.idBytes += idBytes(event.id);
  log.ids?.add(event.id);
  return number;
}

/** Moves the entry before `number` to it. */
function move(layout: LogLayout, log: EventLog, number: number): void {
  const from = number - 1;
  const cell = cellsAt(layout, log, number);
  const fromCell = cellsAt(layout, log, from);
  for (let i = 0; i < layout.cells; i++) log.cells[cell + i] = log.cells[fromCell + i] as number;
  const text = (number & (log.capacity - 1)) * layout.texts;
  const fromText = (from & (log.capacity - 1)) * layout.texts;
  for (let i = 0; i < layout.texts; i++) log.texts[text + i] = log.texts[fromText + i];
}

/** Removes the oldest entry. */
export function dropOldest(layout: LogLayout, log: EventLog): void {
  const text = (log.start & (log.capacity - 1)) * layout.texts;
  const id = log.texts[text] as string;
  log.idBytes -= idBytes(id);
  log.ids?.delete(id);
  for (let i = 0; i < layout.texts; i++) log.texts[text + i] = undefined;
  log.start++;
  const left = log.end - log.start;
  if (left * 4 < indexFrom) log.ids = undefined;
  if (log.capacity >= 16 && left * 4 <= log.capacity) resize(layout, log, log.capacity / 2);
}

/** A log of the same entries but one, numbered anew from the start. */
export function copyWithout(layout: LogLayout, log: EventLog, without: number): EventLog {
  const copy = { ...log, cells: log.cells.slice(), texts: log.texts.slice(), ids: undefined };
  copy.end--;
  for (let number = without; number < copy.end; number++) {
    const cell = cellsAt(layout, copy, number);
    const next = cellsAt(layout, copy, number + 1);
    for (let i = 0; i < layout.cells; i++) copy.cells[cell + i] = copy.cells[next + i] as number;
    const text = (number & (copy.capacity - 1)) * layout.texts;
    const nextText = ((number + 1) & (copy.capacity - 1)) * layout.texts;
    for (let i = 0; i < layout.texts; i++) copy.texts[text + i] = copy.texts[nextText + i];
  }
  return copy;
}

function resize(layout: LogLayout, log: EventLog, capacity: number): void {
  const cells = new Array<number>(capacity * layout.cells).fill(Number.NaN);
  const texts = new Array<string | undefined>(capacity * layout.texts).fill(undefined);
  for (let number = log.start; number < log.end; number++) {
    const cell = cellsAt(layout, log, number);
    const to = (number & (capacity - 1)) * layout.cells;
    for (let i = 0; i < layout.cells; i++) cells[to + i] = log.cells[cell + i] as number;
    const text = (number & (log.capacity - 1)) * layout.texts;
    const toText = (number & (capacity - 1)) * layout.texts;
    for (let i = 0; i < layout.texts; i++) texts[toText + i] = log.texts[text + i];
  }
  log.cells = cells;
  log.texts = texts;
  log.capacity = capacity;
}

/** Whether the log has an event of this id. */
export function knowsId(layout: LogLayout, log: EventLog, id: string): boolean {
  if (log.ids === undefined && log.end - log.start > indexFrom) indexIds(layout, log);
  if (log.ids !== undefined) return log.ids.has(id);
  for (let number = log.end - 1; number >= log.start; number--) {
    if (idAt(layout, log, number) === id) return true;
  }
  return false;
}

function indexIds(layout: LogLayout, log: EventLog): void {
  const ids = new Set<string>();
  for (let number = log.start; number < log.end; number++) ids.add(idAt(layout, log, number));
  log.ids = ids;
}

function idBytes(id: string): number {
  return id.length === 36 ? 16 : id.length;
}
