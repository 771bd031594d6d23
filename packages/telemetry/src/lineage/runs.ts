import type { LineageJob, RunEventType } from "./run-event.ts";

/** How a job does now. */
export interface JobState {
  readonly job: LineageJob;
  /** `away`: it does not run, and nobody says that it failed. */
  readonly state: "running" | "failed" | "away";
  /** Of a failed one. */
  readonly error?: string;
}

/** A run that has begun and not ended. */
export interface Run {
  readonly runId: string;
  readonly job: LineageJob;
  readonly toldAtMs: number;
}

/** What is to be told of a run. */
export interface Told {
  readonly type: RunEventType;
  readonly run: Run;
  readonly error?: string;
}

/** How often a run that goes on is told again: whoever lost its START learns of it so. */
export const tellEveryMs = 60_000;

/**
 * What has to be told when a job is seen in a state, and the run that is under way then. Pure.
 * running begins a run (START) or, once a minute, goes on (RUNNING); failed ends it (FAIL); away ends
 * it, too (ABORT).
 */
export function advance(
  run: Run | undefined,
  { job, state, error }: JobState,
  { nowMs, nextId }: { nowMs: number; nextId: () => string },
): { run: Run | undefined; told: Told[] } {
  if (state === "running") {
    if (run === undefined) return begin({ runId: nextId(), job, toldAtMs: nowMs });
    if (nowMs - run.toldAtMs < tellEveryMs) return { run, told: [] };
    const later = { ...run, job, toldAtMs: nowMs };
    return { run: later, told: [{ type: "RUNNING", run: later }] };
  }
  if (run === undefined) return { run, told: [] };
  const type = state === "failed" ? "FAIL" : "ABORT";
  return { run: undefined, told: [{ type, run, ...(error !== undefined && { error }) }] };
}

function begin(run: Run): { run: Run; told: Told[] } {
  return { run, told: [{ type: "START", run }] };
}
