import { readField } from "../language/evaluate.ts";
import type { StreamEvent, Value } from "../stream.ts";
import { type EventLog, holds, type LogState } from "../window/log.ts";
import type { WindowState } from "../window/sliding.ts";
import type { CompiledLane, CompiledPattern } from "./lane-plan.ts";
import type { RunEvent } from "./state.ts";

/** A log entry as an event again; fields that no rule of the lane reads stay missing. */
export function recallEvent(log: EventLog, state: LogState, number: number): StreamEvent {
  const values: Value[] = [];
  for (const column of log.layout.columns) {
    values[column.field] = log.valueAt(state, number, column);
  }
  return {
    id: log.idAt(state, number),
    type: log.typeAt(state, number),
    at: log.timeAt(state, number),
    values,
  };
}

/** Puts the truths of a past event, given by the first of its cells, into the scratch space. */
export function recallTruths(lane: CompiledLane, state: LogState, cell: number): void {
  const { truths } = lane.scratch;
  for (let bit = 0; bit < lane.bits.length; bit++) {
    truths[lane.bits[bit] as number] = holds(state, cell, bit) ? 1 : 0;
  }
}

/** What runs keep of an event. */
export function runEventOf(pattern: CompiledPattern, event: StreamEvent): RunEvent {
  const values: Value[] = [];
  for (const field of pattern.captured) values.push(readField(event, field));
  return { id: event.id, at: event.at, values };
}

/** The logs as they were without one entry of one of them; its later entries move up. */
export function without(state: WindowState, log: EventLog, number: number): WindowState {
  const copy: WindowState = {
    cells: state.cells.slice(),
    texts: state.texts.slice(),
    ids: undefined,
    running: state.running.map(() => undefined),
    panes: state.panes,
  };
  log.drop(copy, number);
  return copy;
}
