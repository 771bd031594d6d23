import type { Value } from "../stream.ts";

/** One recent event of a key, reduced to what rules may still ask of it. */
export type Entry = {
  readonly id: string;
  readonly type: string;
  readonly at: number;
  /** Bit c is set when condition c held for the event. */
  readonly mask: number;
  /** Further words of the mask, for packs with more than 30 conditions. */
  readonly more: readonly number[] | undefined;
  /** The projected fields. */
  readonly values: readonly Value[];
};

/**
 * The recent events of a key by (time, arrival). Entries have absolute numbers that survive
 * trimming; `items[head]` is number `first + head`.
 */
export type EventLog = { items: Entry[]; head: number; first: number };

/** Conditions per word of a mask. */
export const wordBits = 30;

/** The items of every empty log: shared, for {@link append} never changes it. */
export const noEntries: Entry[] = [];

export function emptyLog(): EventLog {
  return { items: noEntries, head: 0, first: 0 };
}

/**
 * Appends to a list that is short for most keys: a short list is copied to its exact size, because
 * an engine's array that grows by `push` reserves room for 16 more.
 */
export function append<T>(items: T[], item: T): T[] {
  if (items.length === 0) return [item];
  if (items.length < 6) return [...items, item];
  items.push(item);
  return items;
}

export function holds(entry: Entry, condition: number): boolean {
  if (condition < wordBits) return ((entry.mask >>> condition) & 1) === 1;
  const word = entry.more?.[Math.floor(condition / wordBits) - 1] ?? 0;
  return ((word >>> (condition % wordBits)) & 1) === 1;
}

export function logLength(log: EventLog): number {
  return log.items.length - log.head;
}

/** Number of the oldest entry, and one past the newest. */
export function logStart(log: EventLog): number {
  return log.first + log.head;
}
export function logEnd(log: EventLog): number {
  return log.first + log.items.length;
}

export function entryAt(log: EventLog, number: number): Entry | undefined {
  return log.items[number - log.first];
}

/** Time of the newest entry, `-Infinity` for an empty log. */
export function latestAt(log: EventLog): number {
  return log.items.length === log.head
    ? Number.NEGATIVE_INFINITY
    : (log.items[log.items.length - 1]?.at ?? Number.NEGATIVE_INFINITY);
}

/** Inserts behind all entries of the same or an earlier time; returns the entry's number. */
export function insert(log: EventLog, entry: Entry): number {
  if (entry.at >= latestAt(log)) {
    log.items = append(log.items, entry);
    return logEnd(log) - 1;
  }
  const { items } = log;
  let low = log.head;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.at ?? 0) <= entry.at) low = middle + 1;
    else high = middle;
  }
  items.splice(low, 0, entry);
  return log.first + low;
}

/** Removes the oldest entry. Space is reclaimed when half of it is empty. */
export function dropOldest(log: EventLog): void {
  log.head++;
  if (log.head < 16 || log.head * 2 < log.items.length) return;
  log.items = log.items.slice(log.head);
  log.first += log.head;
  log.head = 0;
}
