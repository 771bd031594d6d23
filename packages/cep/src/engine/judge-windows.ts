import { type Accumulator, emptyAccumulator, readAggregate } from "../window/accumulator.ts";
import { addToBucket, type Bucket, type BucketSpec } from "../window/buckets.ts";
import { addToHistory, ageHistory, type HistorySpec } from "../window/history.ts";
import { type Entry, type EventLog, entryAt, holds, logStart } from "../window/log.ts";
import {
  adoptInserted,
  growSliding,
  type SlidingSpec,
  slide,
  startSliding,
  totalsAt,
  withPanes,
} from "../window/sliding.ts";
import type { AggregateSource, CompiledLane, CompiledWindow } from "./lane-plan.ts";
import type { LaneState } from "./state.ts";

/** Ids that a result lists at most, the newest ones. */
export const maxListedIds = 40;

/** The event at hand as the log has it. */
export type Placed = {
  readonly entry: Entry;
  readonly number: number;
  /** No event of a later time had arrived before. */
  readonly inOrder: boolean;
};

/** Writes a window's values to their places. */
export function writeTotals(
  totals: Accumulator,
  aggregates: readonly AggregateSource[],
  values: number[],
): void {
  for (const { fn, column, slot } of aggregates) values[slot] = readAggregate(totals, fn, column);
}

/** Brings every sliding window up to the event and writes the values that are wanted. */
export function updateSlidings(
  lane: CompiledLane,
  state: LaneState,
  step: { readonly placed: Placed; readonly values: number[] },
): void {
  for (let s = 0; s < lane.slidings.length; s++) {
    const window = lane.slidings[s];
    if (window === undefined) continue;
    if (step.placed.inOrder)
      updateInOrder(state, { window, s, wanted: isWanted(lane, window) }, step);
    else updateOutOfOrder(state, { window, s, wanted: isWanted(lane, window) }, step);
  }
}

type Which = {
  readonly window: CompiledWindow<SlidingSpec>;
  readonly s: number;
  readonly wanted: boolean;
};
type Placing = { readonly placed: Placed; readonly values: number[] };

function isWanted(lane: CompiledLane, window: CompiledWindow<unknown>): boolean {
  for (const condition of window.wantedBy) if (lane.scratch.truths[condition] !== 0) return true;
  return false;
}

function updateInOrder(state: LaneState, which: Which, { placed, values }: Placing): void {
  const { window, s, wanted } = which;
  const { spec } = window;
  const grows = holds(placed.entry, spec.fill);
  if (!grows && !wanted) return;
  const { log } = state;
  let sliding = state.slidings[s];
  if (sliding === undefined) {
    sliding = startSliding(spec, log);
    state.slidings[s] = sliding;
  } else if (grows) growSliding(spec, sliding, { log, number: placed.number });
  sliding.at = placed.entry.at;
  slide(spec, sliding, log);
  if (!wanted) return;
  const panes = state.panes[s];
  const totals =
    panes === undefined || panes.length === 0
      ? sliding.totals
      : withPanes(spec, sliding.totals, { panes, at: placed.entry.at });
  writeTotals(totals, window.aggregates, values);
}

function updateOutOfOrder(state: LaneState, which: Which, { placed, values }: Placing): void {
  const { window, s, wanted } = which;
  const sliding = state.slidings[s];
  if (sliding !== undefined) {
    state.slidings[s] = adoptInserted(window.spec, sliding, {
      log: state.log,
      number: placed.number,
    });
  }
  if (wanted) writeTotals(totalsOf(state, which, placed.number), window.aggregates, values);
}

/** Totals as of one entry of the log, panes included. */
function totalsOf(
  state: LaneState,
  which: Pick<Which, "window" | "s">,
  number: number,
): Accumulator {
  const { spec } = which.window;
  const totals = totalsAt(spec, state.log, number);
  const panes = state.panes[which.s] ?? [];
  const at = entryAt(state.log, number)?.at ?? 0;
  return panes.length === 0 ? totals : withPanes(spec, totals, { panes: [...panes], at });
}

/** Ids of the newest events in [at − size, at] up to the entry's number, oldest first. */
export function idsInWindow(spec: SlidingSpec, log: EventLog, number: number): readonly string[] {
  const ids: string[] = [];
  const at = entryAt(log, number)?.at ?? 0;
  for (let n = number; n >= logStart(log) && ids.length < maxListedIds; n--) {
    const entry = entryAt(log, n);
    if (entry === undefined || entry.at < at - spec.sizeMs) break;
    if (entry.at > spec.since && holds(entry, spec.fill)) ids.push(entry.id);
  }
  return ids.reverse();
}

/** Puts the event into its buckets and writes their values; closed ones take nothing more. */
export function updateBuckets(
  lane: CompiledLane,
  state: LaneState,
  step: Placing & { readonly closedUpTo: number },
): void {
  for (let b = 0; b < lane.buckets.length; b++) {
    const window = lane.buckets[b];
    const buckets = state.buckets[b];
    if (window === undefined || buckets === undefined) continue;
    const { spec } = window;
    const { entry } = step.placed;
    const fills = entry.at > spec.since && holds(entry, spec.fill);
    const open = spec.window.kind === "global" || naturalEnd(spec, entry.at) - 1 > step.closedUpTo;
    const bucket = fills && open ? addToBucket(spec, buckets, entry) : bucketAt(buckets, entry.at);
    writeTotals(bucket?.totals ?? emptyAccumulator(spec.columns), window.aggregates, step.values);
  }
}

function naturalEnd(spec: BucketSpec, at: number): number {
  const { window } = spec;
  if (window.kind === "tumbling")
    return Math.floor(at / window.sizeMs) * window.sizeMs + window.sizeMs;
  return window.kind === "session" ? at + window.gapMs : Number.POSITIVE_INFINITY;
}

/** The bucket that an event of this time belongs to, if there is one. */
export function bucketAt(buckets: readonly Bucket[], at: number): Bucket | undefined {
  return buckets.findLast((bucket) => bucket.start <= at && at < bucket.end);
}

/** Ids of the newest events that fill a bucket, as far as the log still has them. */
export function idsInBucket(spec: BucketSpec, log: EventLog, bucket: Bucket): readonly string[] {
  const ids: string[] = [];
  for (
    let n = log.first + log.items.length - 1;
    n >= logStart(log) && ids.length < maxListedIds;
    n--
  ) {
    const entry = entryAt(log, n);
    if (entry === undefined || entry.at < bucket.start) break;
    if (entry.at < bucket.end && holds(entry, spec.fill)) ids.push(entry.id);
  }
  return ids.reverse();
}

/** Writes what is known of the key before the event. */
export function readHistories(
  lane: CompiledLane,
  state: LaneState,
  step: { readonly at: number; readonly values: number[] },
): void {
  for (let h = 0; h < lane.histories.length; h++) {
    const window = lane.histories[h];
    const history = state.histories[h];
    if (window === undefined) continue;
    if (history !== undefined) ageHistory(window.spec, history, step.at);
    for (const { fn, column, slot } of window.aggregates) {
      if (fn === "idle") step.values[slot] = step.at - (history?.lastAt ?? Number.NaN);
      else
        step.values[slot] =
          history === undefined ? emptyValue(fn) : readAggregate(history.totals, fn, column);
    }
  }
}

/** Counts and sums of nothing are 0, its average does not exist. */
function emptyValue(fn: AggregateSource["fn"]): number {
  return fn === "count" || fn === "sum" ? 0 : Number.NaN;
}

/** Adds a judged event to the key's histories. */
export function growHistories(
  lane: CompiledLane,
  state: LaneState,
  event: Parameters<typeof addToHistory>[2] & { readonly type: string },
): void {
  for (let h = 0; h < lane.histories.length; h++) {
    const spec: HistorySpec | undefined = lane.histories[h]?.spec;
    if (spec === undefined || event.at <= spec.since || !spec.types.includes(event.type)) continue;
    state.histories[h] = addToHistory(spec, state.histories[h], event);
  }
}
