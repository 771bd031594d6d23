import { addToBucket, bucketAt, takes, writeBucket } from "../window/buckets.ts";
import type { Folded, SlidingWindow } from "../window/sliding.ts";
import type { Judgement, JudgeStep } from "./judgement.ts";
import type { CompiledLane, CompiledWindow } from "./lane-plan.ts";
import type { LaneState } from "./state.ts";

/** Ids that a result lists at most, the newest ones. */
export const maxListedIds = 40;

/** Whether the event at hand meets the condition of a bit. */
export function fillsNow({ scratch, bits }: CompiledLane, bit: number): boolean {
  return scratch.truths[bits[bit] as number] === 1;
}

/** Brings every sliding window up to the event and writes the values that are wanted. */
export function updateSlidings(judgement: Judgement, state: LaneState, step: JudgeStep): void {
  const { lane } = judgement;
  const { numbers } = lane.scratch;
  for (const asked of lane.slidings) {
    const { window } = asked;
    const number = numbers[window.options.log] as number;
    const fills = number >= 0 && fillsNow(lane, window.options.fill);
    const wanted = isWanted(lane, asked);
    if (!step.inOrder) {
      if (number >= 0) window.adopt(state, number);
      if (wanted) writePast(judgement, state, asked);
      continue;
    }
    if (fills) window.grow(state);
    if (!wanted) continue;
    window.slide(state, step.event.at);
    const panes = foldedAt(state, window, step.event.at);
    window.write(state, asked.aggregates, { values: judgement.aggregates, panes });
  }
}

/** Writes what a window holds at an event that came out of order. */
function writePast(
  judgement: Judgement,
  state: LaneState,
  { window, aggregates }: CompiledWindow<SlidingWindow>,
): void {
  const { at } = judgement.event;
  const past = window.totalsAt(state.logs, at, window.newestAt(state, at));
  const panes = foldedAt(state, window, at);
  window.write(past, aggregates, { values: judgement.aggregates, panes });
}

function isWanted(lane: CompiledLane, { wantedBy }: CompiledWindow<SlidingWindow>): boolean {
  for (const condition of wantedBy) if (lane.scratch.truths[condition] !== 0) return true;
  return false;
}

/** What of the window's events was folded away, if any. */
export function foldedAt(state: LaneState, window: SlidingWindow, at: number): Folded | undefined {
  const panes = state.panes[window.options.index];
  return panes === undefined || panes.length === 0 ? undefined : { panes, at };
}

/** Puts the event into its buckets; closed ones take nothing more. */
export function fillBuckets(
  lane: CompiledLane,
  state: LaneState,
  { event, context }: JudgeStep,
): void {
  lane.buckets.forEach(({ window }, b) => {
    if (event.at <= window.since || !fillsNow(lane, window.fill)) return;
    if (!takes(window, event.at, context.closedUpTo)) return;
    let buckets = state.buckets[b];
    if (buckets === undefined) {
      buckets = [];
      state.buckets = state.buckets.with(b, buckets);
    }
    addToBucket(window, buckets, event);
  });
}

/** Writes the values of the buckets that the event belongs to. */
export function readBuckets(judgement: Judgement, state: LaneState): void {
  const { lane, event, aggregates: values } = judgement;
  lane.buckets.forEach(({ window, aggregates: sources }, b) => {
    const bucket = bucketAt(state.buckets[b] ?? [], event.at);
    writeBucket(window, bucket, { sources, values });
  });
}
