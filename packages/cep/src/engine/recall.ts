import type { StreamEvent, Value } from "../stream.ts";
import { type Entry, holds } from "../window/log.ts";
import type { CompiledLane, CompiledPattern } from "./lane-plan.ts";
import type { RunEvent } from "./state.ts";

/** A log entry as an event again; fields that no rule of the lane reads stay missing. */
export function recallEvent(lane: CompiledLane, entry: Entry): StreamEvent {
  const values: Value[] = [];
  lane.projection.forEach((field, i) => {
    values[field] = entry.values[i];
  });
  return { id: entry.id, type: entry.type, at: entry.at, values };
}

/** Puts a past event into the scratch space, as if it were at hand. */
export function present(lane: CompiledLane, entry: Entry): void {
  const { truths, evaluation } = lane.scratch;
  lane.bits.forEach((condition, bit) => {
    truths[condition] = holds(entry, bit) ? 1 : 0;
  });
  evaluation.event = recallEvent(lane, entry);
}

/** What runs keep of a log entry. */
export function recallRunEvent(
  lane: CompiledLane,
  pattern: CompiledPattern,
  entry: Entry,
): RunEvent {
  const values = pattern.captured.map((field) => entry.values[lane.projection.indexOf(field)]);
  return { id: entry.id, at: entry.at, values };
}
