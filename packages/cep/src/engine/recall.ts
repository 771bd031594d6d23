import { TIME_FIELD, TYPE_FIELD } from "../language/expression.ts";
import type { StreamEvent, Value } from "../stream.ts";
import { cellsAt, type EventLog, holds, idAt, timeAt, typeAt, valueAt } from "../window/log.ts";
import type { CompiledLane, CompiledPattern } from "./lane-plan.ts";
import type { RunEvent } from "./state.ts";

/** A log entry as an event again; fields that no rule of the lane reads stay missing. */
export function recallEvent(lane: CompiledLane, log: EventLog, number: number): StreamEvent {
  const { layout } = lane;
  const values: Value[] = [];
  for (const column of layout.columns) {
    values[column.field] = valueAt(layout, log, { number, column });
  }
  return {
    id: idAt(layout, log, number),
    type: typeAt(layout, log, number),
    at: timeAt(layout, log, number),
    values,
  };
}

/** Puts the truths of a past event into the scratch space. */
export function recallTruths(lane: CompiledLane, log: EventLog, number: number): void {
  const { truths } = lane.scratch;
  const cell = cellsAt(lane.layout, log, number);
  for (let bit = 0; bit < lane.bits.length; bit++) {
    truths[lane.bits[bit] as number] = holds(log, cell, bit) ? 1 : 0;
  }
}

/** What runs keep of an event. */
export function runEventOf(pattern: CompiledPattern, event: StreamEvent): RunEvent {
  const values = pattern.captured.map((field) => {
    if (field >= 0) return event.values[field];
    return field === TIME_FIELD ? event.at : field === TYPE_FIELD ? event.type : undefined;
  });
  return { id: event.id, at: event.at, values };
}
