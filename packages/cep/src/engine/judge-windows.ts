import { type Accumulator, emptyAccumulator, readAggregate } from "../window/accumulator.ts";
import { addToBucket, type Bucket, type BucketSpec, bucketAt, takes } from "../window/buckets.ts";
import { addToHistory, ageHistory } from "../window/history.ts";
import { type EventLog, entryAt, holds, logEnd, logStart } from "../window/log.ts";
import {
  adoptInserted,
  growSliding,
  type SlidingSpec,
  type SlidingState,
  slide,
  startSliding,
  totalsAt,
  withPanes,
} from "../window/sliding.ts";
import type { Judgement, JudgeStep } from "./judgement.ts";
import type { AggregateSource, CompiledLane, CompiledWindow } from "./lane-plan.ts";
import type { LaneState } from "./state.ts";

/** Ids that a result lists at most, the newest ones. */
const maxListedIds = 40;

/** Writes a window's values to their places. */
export function writeTotals(
  totals: Accumulator,
  aggregates: readonly AggregateSource[],
  values: number[],
): void {
  for (const { fn, column, slot } of aggregates) values[slot] = readAggregate(totals, fn, column);
}

/** Brings every sliding window up to the event and writes the values that are wanted. */
export function updateSlidings(judgement: Judgement, state: LaneState, step: JudgeStep): void {
  const { lane, aggregates } = judgement;
  for (let s = 0; s < lane.slidings.length; s++) {
    const window = lane.slidings[s];
    if (window === undefined) continue;
    const wanted = isWanted(lane, window);
    if (!step.inOrder) {
      insertIntoSliding(state, s, { spec: window.spec, number: step.number });
      if (wanted) writeTotals(totalsOf(state, s, { window, step }), window.aggregates, aggregates);
      continue;
    }
    const grows = holds(step.entry, window.spec.fill);
    if (!grows && !wanted) continue;
    const sliding = current(state, s, { spec: window.spec, grows });
    sliding.at = step.entry.at;
    slide(window.spec, sliding, state.log);
    if (!wanted) continue;
    const panes = state.panes[s];
    const folded = panes !== undefined && panes.length > 0;
    const totals = folded
      ? withPanes(window.spec, sliding.totals, { panes, at: step.entry.at })
      : sliding.totals;
    writeTotals(totals, window.aggregates, aggregates);
  }
}

function isWanted(lane: CompiledLane, window: CompiledWindow<unknown>): boolean {
  for (const condition of window.wantedBy) if (lane.scratch.truths[condition] !== 0) return true;
  return false;
}

/** The window's running totals, with the newest entry taken in. */
function current(
  state: LaneState,
  s: number,
  { spec, grows }: { readonly spec: SlidingSpec; readonly grows: boolean },
): SlidingState {
  const known = state.slidings[s];
  if (known === undefined) {
    const sliding = startSliding(spec, state.log);
    state.slidings[s] = sliding;
    return sliding;
  }
  if (grows) growSliding(spec, known, state.log);
  return known;
}

function insertIntoSliding(
  state: LaneState,
  s: number,
  { spec, number }: { readonly spec: SlidingSpec; readonly number: number },
): void {
  const sliding = state.slidings[s];
  if (sliding === undefined) return;
  state.slidings[s] = adoptInserted(spec, sliding, { log: state.log, number });
}

/** Totals as of an entry that is not the newest, panes included. */
function totalsOf(
  state: LaneState,
  s: number,
  of: { readonly window: CompiledWindow<SlidingSpec>; readonly step: JudgeStep },
): Accumulator {
  const { spec } = of.window;
  const totals = totalsAt(spec, state.log, of.step.number);
  const panes = state.panes[s] ?? [];
  if (panes.length === 0) return totals;
  return withPanes(spec, totals, { panes: [...panes], at: of.step.entry.at });
}

/** Ids of the newest events in [at − size, at] up to the entry's number, oldest first. */
export function idsInWindow(spec: SlidingSpec, log: EventLog, number: number): readonly string[] {
  const ids: string[] = [];
  const oldest = (entryAt(log, number)?.at ?? 0) - spec.sizeMs;
  for (let n = number; n >= logStart(log) && ids.length < maxListedIds; n--) {
    const entry = entryAt(log, n);
    if (entry === undefined || entry.at < oldest) break;
    if (entry.at > spec.since && holds(entry, spec.fill)) ids.push(entry.id);
  }
  return ids.reverse();
}

/** Puts the event into its buckets and writes their values; closed ones take nothing more. */
export function updateBuckets(judgement: Judgement, state: LaneState, step: JudgeStep): void {
  const { lane, aggregates } = judgement;
  const { entry, context } = step;
  lane.buckets.forEach((window, b) => {
    const { spec } = window;
    const buckets = state.buckets[b] ?? [];
    const fills = entry.at > spec.since && holds(entry, spec.fill);
    const open = takes(spec, entry.at, context.closedUpTo);
    const bucket = fills && open ? addToBucket(spec, buckets, entry) : bucketAt(buckets, entry.at);
    writeTotals(bucket?.totals ?? emptyAccumulator(spec.columns), window.aggregates, aggregates);
  });
}

/** Ids of the newest events that fill a bucket, as far as the log still has them. */
export function idsInBucket(spec: BucketSpec, log: EventLog, bucket: Bucket): readonly string[] {
  const ids: string[] = [];
  for (let n = logEnd(log) - 1; n >= logStart(log) && ids.length < maxListedIds; n--) {
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
  lane.histories.forEach((window, h) => {
    const history = state.histories[h];
    if (history !== undefined) ageHistory(window.spec, history, step.at);
    for (const { fn, column, slot } of window.aggregates) {
      if (fn === "idle") step.values[slot] = step.at - (history?.lastAt ?? Number.NaN);
      else if (history === undefined) step.values[slot] = ofNothing(fn);
      else step.values[slot] = readAggregate(history.totals, fn, column);
    }
  });
}

/** Counts and sums of nothing are 0, its average does not exist. */
function ofNothing(fn: AggregateSource["fn"]): number {
  return fn === "count" || fn === "sum" ? 0 : Number.NaN;
}

/** Adds a judged event to the key's histories. */
export function growHistories(
  lane: CompiledLane,
  state: LaneState,
  event: Parameters<typeof addToHistory>[2] & { readonly type: string },
): void {
  lane.histories.forEach(({ spec }, h) => {
    if (event.at <= spec.since || !spec.types.includes(event.type)) return;
    state.histories[h] = addToHistory(spec, state.histories[h], event);
  });
}
