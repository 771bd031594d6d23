import { removeValues } from "../window/accumulator.ts";
import { dropOldest, type Entry, holds, latestAt, logLength } from "../window/log.ts";
import { foldEntry, settleEviction } from "../window/sliding.ts";
import type { JudgeContext } from "./judge-context.ts";
import type { CompiledLane } from "./lane-plan.ts";
import type { LaneState } from "./state.ts";

/**
 * Drops what no rule can ask for any more, measured from the watermark, for events up to there may
 * still come; then folds what exceeds the bound into panes.
 */
export function trim(lane: CompiledLane, state: LaneState, context: JudgeContext): void {
  const { log } = state;
  const latest = latestAt(log);
  const reference = Number.isFinite(context.watermark)
    ? Math.min(context.watermark, latest)
    : latest;
  const cut = reference - lane.logMs;
  for (let oldest = log.items[log.head]; oldest !== undefined; oldest = log.items[log.head]) {
    if (oldest.at >= cut && logLength(log) <= context.limits.events) break;
    leaveLog(lane, state, { oldest, fold: oldest.at >= cut });
  }
}

/** Takes the oldest entry out of the log and of all windows; `fold` keeps its share in panes. */
function leaveLog(
  lane: CompiledLane,
  state: LaneState,
  { oldest, fold }: { readonly oldest: Entry; readonly fold: boolean },
): void {
  const { log } = state;
  const number = log.first + log.head;
  for (let s = 0; s < lane.slidings.length; s++) {
    const spec = lane.slidings[s]?.spec;
    if (spec === undefined) continue;
    const sliding = state.slidings[s];
    const fills = oldest.at > spec.since && holds(oldest, spec.fill);
    if (sliding !== undefined && sliding.tail <= number) {
      sliding.tail = number + 1;
      if (fills) {
        removeValues(sliding.totals, spec.columns, oldest.values);
        settleEviction(spec, sliding, log);
      }
    }
    if (fold && fills && oldest.at >= latestAt(log) - spec.sizeMs) {
      state.panes[s] ??= [];
      foldEntry(spec, state.panes[s] ?? [], oldest);
    }
  }
  dropOldest(log);
}
