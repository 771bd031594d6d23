import type { WindowSpec } from "../rules/definition.ts";
import type { Value } from "../stream.ts";
import {
  type Accumulator,
  addValues,
  type ColumnSpec,
  emptyAccumulator,
  mergeInto,
} from "./accumulator.ts";

/** A window that collects events and closes: tumbling, session or global. */
export type BucketSpec = {
  readonly fingerprint: string;
  readonly fill: number;
  readonly window: Exclude<WindowSpec, { kind: "sliding" }>;
  readonly columns: readonly ColumnSpec[];
  readonly since: number;
};

/** One open or recently closed window. `end` is exclusive; a session's end moves. */
export type Bucket = {
  start: number;
  end: number;
  totals: Accumulator;
  /** How often it has fired. */
  fired: number;
  /** Changed since it last fired. */
  dirty: boolean;
};

/** Puts an event into its bucket and returns that. */
export function addToBucket(
  spec: BucketSpec,
  buckets: Bucket[],
  event: { readonly at: number; readonly values: readonly Value[] },
): Bucket {
  const bucket = bucketFor(spec, buckets, event.at);
  addValues(bucket.totals, spec.columns, event.values);
  bucket.dirty = true;
  return bucket;
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
  const bucket = { ...span, totals: emptyAccumulator(spec.columns), fired: 0, dirty: false };
  let at = buckets.length;
  while (at > 0 && (buckets[at - 1]?.start ?? 0) > span.start) at--;
  buckets.splice(at, 0, bucket);
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
    session.start = Math.min(session.start, other.start);
    session.end = Math.max(session.end, other.end);
    session.fired = Math.max(session.fired, other.fired);
    mergeInto(session.totals, other.totals);
    buckets.splice(i, 1);
  }
  buckets.sort((a, b) => a.start - b.start);
  return session;
}

/** The bucket that an event of this time belongs to, if there is one. */
export function bucketAt(buckets: readonly Bucket[], at: number): Bucket | undefined {
  return buckets.findLast((bucket) => bucket.start <= at && at < bucket.end);
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
