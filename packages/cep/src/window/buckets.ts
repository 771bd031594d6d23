import type { WindowSpec } from "../rules/definition.ts";
import type { StreamEvent } from "../stream.ts";
import {
  type AggregateSource,
  countValue,
  readTotal,
  type Totals,
  type ValueCounts,
} from "./totals.ts";

/** A window that collects events and closes: tumbling, session or global. */
export type BucketSpec = {
  readonly fingerprint: string;
  readonly fill: number;
  readonly window: Exclude<WindowSpec, { kind: "sliding" }>;
  readonly totals: Totals;
  /** What is asked of it. */
  readonly sources: readonly AggregateSource[];
  readonly since: number;
};

/** One open or recently closed window. `end` is exclusive; a session's end moves. */
export type Bucket = {
  start: number;
  end: number;
  readonly cells: number[];
  /** Per column with distinct(): occurrences by value. */
  readonly counts: readonly ValueCounts[];
  /** Times and ids of its newest events, oldest first. */
  ats: number[];
  ids: string[];
  /** How often it has fired. */
  fired: number;
  /** Changed since it last fired. */
  dirty: boolean;
};

/** Ids that a window keeps to explain itself, the newest ones. */
export const maxBucketIds = 40;

const noAts: number[] = [];
const noIds: string[] = [];
const noCounts: readonly ValueCounts[] = [];

/** A window of these bounds without events. */
export function newBucket(
  totals: Totals,
  span: { readonly start: number; readonly end: number },
): Bucket {
  const counts = totals.distinct.length === 0 ? noCounts : totals.distinct.map(() => new Map());
  return {
    start: span.start,
    end: span.end,
    cells: totals.blank(),
    counts,
    ats: noAts,
    ids: noIds,
    fired: 0,
    dirty: false,
  };
}

/** Puts an event into its bucket and returns that. */
export function addToBucket(spec: BucketSpec, buckets: Bucket[], event: StreamEvent): Bucket {
  const bucket = bucketFor(spec, buckets, event.at);
  const { totals } = spec;
  totals.addEvent(bucket.cells, 0, event);
  for (let d = 0; d < totals.distinct.length; d++) {
    const counts = bucket.counts[d];
    if (counts !== undefined) countValue(counts, totals.distinct[d]?.valueOf(event), 1);
  }
  listId(bucket, event.id, event.at);
  bucket.dirty = true;
  return bucket;
}

function listId(bucket: Bucket, id: string, at: number): void {
  const { ats, ids } = bucket;
  if (ats.length === 0) {
    // Lists that grow from nothing take room for seventeen at once; most windows have one event.
    bucket.ats = [at];
    bucket.ids = [id];
    return;
  }
  let place = ats.length;
  while (place > 0 && (ats[place - 1] as number) > at) place--;
  insertAt(ats, place, at);
  insertAt(ids, place, id);
  if (ats.length <= maxBucketIds) return;
  ats.shift();
  ids.shift();
}

/** Mostly the place is the end, where `push` is many times cheaper than `splice`. */
function insertAt<T>(list: T[], place: number, item: T): void {
  if (place === list.length) list.push(item);
  else list.splice(place, 0, item);
}

/** Writes the values of a bucket, or those of an empty one. */
export function writeBucket(spec: BucketSpec, bucket: Bucket | undefined, values: number[]): void {
  const { totals, sources } = spec;
  const cells = bucket?.cells ?? totals.blank();
  for (let s = 0; s < sources.length; s++) {
    const source = sources[s] as AggregateSource;
    const { fn, column, slot } = source;
    values[slot] =
      fn === "distinct" && column !== undefined
        ? (bucket?.counts[totals.distinct.indexOf(column)]?.size ?? 0)
        : readTotal(source, cells, 0);
  }
}

function bucketFor(spec: BucketSpec, buckets: Bucket[], at: number): Bucket {
  const { window } = spec;
  if (window.kind === "session") return sessionFor(spec, buckets, at);
  if (window.kind === "tumbling") {
    const start = Math.floor(at / window.sizeMs) * window.sizeMs;
    return open(spec, buckets, { start, end: start + window.sizeMs });
  }
  const current = buckets.at(-1);
  if (current !== undefined && current.fired === 0) {
    current.start = Math.min(current.start, at);
    return current;
  }
  const end = window.timeMs === undefined ? Number.POSITIVE_INFINITY : at + window.timeMs;
  return push(spec, buckets, { start: at, end });
}

function open(
  spec: BucketSpec,
  buckets: Bucket[],
  span: { readonly start: number; readonly end: number },
): Bucket {
  for (let i = buckets.length - 1; i >= 0; i--) {
    const bucket = buckets[i];
    if (bucket !== undefined && bucket.start === span.start) return bucket;
  }
  return push(spec, buckets, span);
}

function push(
  spec: BucketSpec,
  buckets: Bucket[],
  span: { readonly start: number; readonly end: number },
): Bucket {
  const bucket = newBucket(spec.totals, span);
  let at = buckets.length;
  while (at > 0 && (buckets[at - 1]?.start ?? 0) > span.start) at--;
  insertAt(buckets, at, bucket);
  return bucket;
}

/** Sessions [first, last + gap) that touch or overlap become one. */
function sessionFor(spec: BucketSpec, buckets: Bucket[], at: number): Bucket {
  const gap = spec.window.kind === "session" ? spec.window.gapMs : 0;
  const session = push(spec, buckets, { start: at, end: at + gap });
  for (let i = buckets.length - 1; i >= 0; i--) {
    const other = buckets[i];
    if (other === undefined || other === session) continue;
    if (other.start > session.end || other.end < session.start) continue;
    absorb(spec.totals, session, other);
    buckets.splice(i, 1);
  }
  buckets.sort((a, b) => a.start - b.start);
  return session;
}

function absorb(totals: Totals, session: Bucket, other: Bucket): void {
  session.start = Math.min(session.start, other.start);
  session.end = Math.max(session.end, other.end);
  session.fired = Math.max(session.fired, other.fired);
  totals.merge({ cells: session.cells, base: 0 }, { cells: other.cells, base: 0 });
  other.counts.forEach((values, d) => {
    const into = session.counts[d];
    if (into !== undefined) for (const [value, n] of values) countValue(into, value, n);
  });
  const { ids, ats } = session;
  session.ids = other.ids;
  session.ats = other.ats;
  ids.forEach((id, i) => {
    listId(session, id, ats[i] ?? 0);
  });
}

/** The bucket that an event of this time belongs to, if there is one. */
export function bucketAt(buckets: readonly Bucket[], at: number): Bucket | undefined {
  for (let b = buckets.length - 1; b >= 0; b--) {
    const bucket = buckets[b] as Bucket;
    if (bucket.start <= at && at < bucket.end) return bucket;
  }
  return undefined;
}

/**
 * The watermark that closes a bucket. A session waits one millisecond longer than other windows: an
 * event exactly a gap after the last one still belongs to it.
 */
export function closesAt(spec: BucketSpec, bucket: { readonly end: number }): number {
  return spec.window.kind === "session" ? bucket.end : bucket.end - 1;
}

/** The watermark at which a bucket is to fire; `Infinity` when it has nothing new to say. */
export function fireAt(spec: BucketSpec, bucket: Bucket): number {
  return bucket.dirty ? closesAt(spec, bucket) : Number.POSITIVE_INFINITY;
}

/** Whether the bucket of an event of this time may still be open. */
export function takes(spec: BucketSpec, at: number, closedUpTo: number): boolean {
  const { window } = spec;
  if (window.kind === "global") return true;
  const size = window.kind === "session" ? window.gapMs : window.sizeMs;
  const start = window.kind === "session" ? at : Math.floor(at / size) * size;
  return closesAt(spec, { end: start + size }) > closedUpTo;
}
