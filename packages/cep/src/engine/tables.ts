import type { StreamEvent } from "../stream.ts";
import { insertByTime } from "../window/join.ts";
import type { CompiledLane } from "./lane-plan.ts";
import type { LaneState, TableRow } from "./state.ts";

const noRows: readonly (TableRow | undefined)[] = [];

/** Finds, per table, the version that was valid at a time; also puts them into the scratch space. */
export function recallRows(
  lane: CompiledLane,
  state: LaneState,
  at: number,
): readonly (TableRow | undefined)[] {
  if (lane.tables.length === 0) return noRows;
  const rows = lane.tables.map((table, t) => {
    const row = state.tables[t]?.findLast((version) => version.at <= at);
    return row !== undefined && row.at >= at - table.memoryMs ? row : undefined;
  });
  rows.forEach((row, t) => {
    lane.scratch.rows[t] = row;
  });
  return rows;
}

/** Adds a version when the event is one; drops versions that are superseded and forgotten. */
export function rememberRow(lane: CompiledLane, state: LaneState, event: StreamEvent): void {
  for (let t = 0; t < lane.tables.length; t++) {
    const table = lane.tables[t];
    if (table === undefined || event.type !== table.type || event.at <= table.since) continue;
    const versions = state.tables[t] ?? [];
    if (versions.length === 0) state.tables = state.tables.with(t, versions);
    const values = table.kept.map((field) => event.values[field]);
    insertByTime(versions, { at: event.at, type: event.type, values }, (row) => row.at);
    const oldest = (versions.at(-1)?.at ?? 0) - table.memoryMs;
    while (
      versions.length > maxVersions ||
      (versions[1]?.at ?? Number.POSITIVE_INFINITY) < oldest
    ) {
      versions.shift();
    }
  }
}

/** Versions kept a key and table. */
const maxVersions = 100;
