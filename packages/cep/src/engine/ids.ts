import { append } from "../window/log.ts";

/**
 * Event ids of a key within the deduplication horizon, in order of arrival. `index` speeds up
 * look-ups of busy keys; it follows from the rest.
 */
export type IdStore = {
  ids: string[];
  ats: number[];
  head: number;
  bytes: number;
  /** Ids were dropped before their time: duplicates may count twice and results say so. */
  incomplete: boolean;
  index: Set<string> | undefined;
};

/** Keys with fewer ids are searched one by one. */
const indexFrom = 12;

export function emptyIds(): IdStore {
  return { ids: [], ats: [], head: 0, bytes: 0, incomplete: false, index: undefined };
}

/** Bytes that an id takes when stored: UUIDs are packed. */
export function idBytes(id: string): number {
  return id.length === 36 ? 16 : id.length;
}

export function knowsId(store: IdStore, id: string): boolean {
  if (store.index !== undefined) return store.index.has(id);
  for (let i = store.ids.length - 1; i >= store.head; i--) if (store.ids[i] === id) return true;
  return false;
}

/** Remembers an id and forgets those older than `oldest`. */
export function rememberId(
  store: IdStore,
  event: { readonly id: string; readonly at: number },
  oldest: number,
): void {
  while (store.head < store.ats.length && (store.ats[store.head] ?? 0) < oldest)
    forgetOldest(store);
  if (store.head > 0 && store.head * 2 >= store.ids.length) compact(store);
  store.ids = append(store.ids, event.id);
  store.ats = append(store.ats, event.at);
  store.bytes += idBytes(event.id);
  if (store.index !== undefined) store.index.add(event.id);
  else indexIds(store);
}

/** Forgets the oldest ids beyond the byte budget, and that there were any. */
export function capIds(store: IdStore, bytes: number): void {
  while (store.bytes > bytes) {
    forgetOldest(store);
    store.incomplete = true;
  }
}

/** Forgets everything, in place. */
export function resetIds(store: IdStore): void {
  store.ids = [];
  store.ats = [];
  store.head = 0;
  store.bytes = 0;
  store.incomplete = false;
  store.index = undefined;
}

/** Builds the index of a store that is large enough for one. */
export function indexIds(store: IdStore): void {
  if (store.ids.length - store.head <= indexFrom) return;
  store.index = new Set(store.ids.slice(store.head));
}

function forgetOldest(store: IdStore): void {
  const id = store.ids[store.head];
  if (id === undefined) return;
  store.bytes -= idBytes(id);
  store.index?.delete(id);
  store.head++;
}

function compact(store: IdStore): void {
  store.ids = store.ids.slice(store.head);
  store.ats = store.ats.slice(store.head);
  store.head = 0;
}
