import type { Buckets } from "../window/buckets.ts";
import type { SlidingWindow } from "../window/sliding.ts";
import type { HitDetail, Judgement, JudgeStep } from "./judgement.ts";
import type { CompiledBucket, CompiledLane, CompiledWindow } from "./lane-plan.ts";
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
  const { slidings } = lane;
  for (let s = 0; s < slidings.length; s++) {
    const asked = slidings[s] as CompiledWindow<SlidingWindow>;
    const { window } = asked;
    const { logIndex, fill } = window.options;
    const number = lane.scratch.numbers[logIndex] as number;
    if (!step.inOrder) {
      if (number >= 0) window.adopt(state, number);
    } else if (number >= 0 && fillsNow(lane, fill)) window.grow(state);
    if (!isWanted(lane, asked.wantedBy)) continue;
    const { at } = step.event;
    const stretch = step.inOrder
      ? window.at(state, at)
      : window.pastAt(state, at, window.log.newestAt(state, at));
    window.write(state, stretch, judgement.values);
  }
}

function isWanted({ scratch }: CompiledLane, wantedBy: readonly number[]): boolean {
  for (let w = 0; w < wantedBy.length; w++) {
    if (scratch.truths[wantedBy[w] as number] !== 0) return true;
  }
  return false;
}

/** Puts the event into its buckets; closed ones take nothing more. */
export function fillBuckets(
  lane: CompiledLane,
  state: LaneState,
  { event, context }: JudgeStep,
): void {
  for (let b = 0; b < lane.buckets.length; b++) {
    const { window } = lane.buckets[b] as CompiledBucket;
    const { fill, since } = window.options;
    if (event.at <= since || !fillsNow(lane, fill)) continue;
    if (window.takes(event.at, context.closedUpTo)) window.add(state, event);
  }
}

/** Writes the values of the buckets that the event belongs to. */
export function readBuckets(judgement: Judgement, state: LaneState): void {
  const { lane, event, values } = judgement;
  for (let b = 0; b < lane.buckets.length; b++) {
    const { window } = lane.buckets[b] as CompiledBucket;
    window.write(state, window.numberAt(state, event.at), values);
  }
}

/** A hit of a window that collects: it is named by its start. */
export function windowDetail(buckets: Buckets, state: LaneState, number: number): HitDetail {
  const matchId = String(buckets.startOf(state, number));
  return { matchId, eventIds: buckets.idsOf(state, number), matches: 1 };
}
