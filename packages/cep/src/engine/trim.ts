import type { SlidingWindow } from "../window/sliding.ts";
import type { JudgeStep } from "./judgement.ts";
import type { CompiledLane, CompiledLog } from "./lane-plan.ts";
import type { LaneState } from "./state.ts";

/**
 * Drops what no event from `at` on can ask for any more. Events up to the watermark less the
 * allowed lateness may still come.
 */
export function trim(lane: CompiledLane, state: LaneState, { context, event }: JudgeStep): void {
  const { logs } = lane;
  const { at } = event;
  const { closedUpTo } = context;
  const oldest = closedUpTo < at && closedUpTo !== Number.NEGATIVE_INFINITY ? closedUpTo : at;
  for (let l = 0; l < logs.length; l++) {
    const compiled = logs[l] as CompiledLog;
    const { log } = compiled;
    const cut = oldest - compiled.spanMs;
    while (log.count(state) > 0 && log.timeAt(state, log.start(state)) < cut) {
      leave(compiled, state);
    }
  }
}

/** Folds what exceeds the bounds on events and on bytes of ids into panes. */
export function fold(lane: CompiledLane, state: LaneState): void {
  const { events, idBytes } = lane.limits;
  for (let l = 0; l < lane.logs.length; l++) {
    const compiled = lane.logs[l] as CompiledLog;
    const { log } = compiled;
    while (log.count(state) > events || log.idBytes(state) > idBytes) foldOldest(compiled, state);
  }
}

/** Takes the oldest entry out of a log and of all its windows. */
function leave({ log, windows }: CompiledLog, state: LaneState): void {
  for (let w = 0; w < windows.length; w++) (windows[w] as SlidingWindow).leave(state);
  log.dropOldest(state);
}

function foldOldest(compiled: CompiledLog, state: LaneState): void {
  const { log, windows } = compiled;
  const at = log.timeAt(state, log.start(state));
  const latest = log.latestAt(state);
  for (const window of windows) {
    if (at >= latest - window.sizeMs) foldInto(state, window, latest);
  }
  if (compiled.fill === -1) state.incomplete = true;
  leave(compiled, state);
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
