import { dropOldest, type EventLog, logLength, timeAt } from "../window/log.ts";
import type { SlidingWindow } from "../window/sliding.ts";
import type { JudgeContext } from "./judge-context.ts";
import type { CompiledLane } from "./lane-plan.ts";
import type { LaneState } from "./state.ts";

/**
 * Drops what no event from `at` on can ask for any more. Events up to the watermark less the
 * allowed lateness may still come.
 */
export function trim(
  lane: CompiledLane,
  state: LaneState,
  { context, at }: { readonly context: JudgeContext; readonly at: number },
): void {
  const { layout, logs } = lane;
  const oldest = Math.min(at, Number.isFinite(context.closedUpTo) ? context.closedUpTo : at);
  for (let l = 0; l < logs.length; l++) {
    const log = state.logs[l] as EventLog;
    const cut = oldest - (logs[l]?.spanMs ?? 0);
    while (log.start < log.end && timeAt(layout, log, log.start) < cut) {
      leave(lane, state, l);
    }
  }
}

/** Folds what exceeds the bounds on events and on bytes of ids into panes. */
export function fold(lane: CompiledLane, state: LaneState, context: JudgeContext): void {
  const { events, idBytes } = context.limits;
  for (let l = 0; l < lane.logs.length; l++) {
    const log = state.logs[l] as EventLog;
    while (logLength(log) > events || log.idBytes > idBytes) foldOldest(lane, state, l);
  }
}

/** Takes the oldest entry out of a log and of all its windows. */
function leave(lane: CompiledLane, state: LaneState, l: number): void {
  for (const { window } of lane.slidings) if (window.options.log === l) window.leave(state);
  dropOldest(lane.layout, state.logs[l] as EventLog);
}

function foldOldest(lane: CompiledLane, state: LaneState, l: number): void {
  const log = state.logs[l] as EventLog;
  const at = timeAt(lane.layout, log, log.start);
  const latest = timeAt(lane.layout, log, log.end - 1);
  for (const { window } of lane.slidings) {
    if (window.options.log === l && at >= latest - window.sizeMs) foldInto(state, window, latest);
  }
  if (lane.logs[l]?.fill === -1) state.incomplete = true;
  leave(lane, state, l);
}

function foldInto(state: LaneState, window: SlidingWindow, latest: number): void {
  const { index } = window.options;
  const panes = state.panes[index] ?? [];
  window.fold(state, panes);
  window.dropPanes(panes, latest);
  if (state.panes[index] === undefined && panes.length > 0) {
    state.panes = state.panes.with(index, panes);
  }
}
