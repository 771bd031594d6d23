import { createEventQueue, type LineageDestination } from "./destination.ts";
import { type LineageDataset, type LineageJob, runEvent } from "./run-event.ts";
import { advance, type JobState, type Run, type Told } from "./runs.ts";

export type { JobState, LineageDataset, LineageDestination, LineageJob };

/** What is reported, and where. */
export interface LineageOptions {
  readonly destination: LineageDestination;
  /** The namespace of jobs, one for each installation. */
  readonly namespace: string;
  /** How the jobs do now; asked once a second. A job that is missing is away. */
  readonly jobs: () => readonly JobState[];
  readonly clock: { now(): number };
  readonly ids: { next(): string };
}

/** A part of a process that reports; `stop` ends every run that is under way. */
export interface LineageReporter {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Looks at the jobs once; `start` does so again and again. */
  look(): void;
}

const lookEveryMs = 1_000;

/**
 * Reports jobs that run without an end as runs of OpenLineage: START, RUNNING once a minute, FAIL,
 * ABORT when a job goes away, COMPLETE when this process stops in order. Reports nothing, and costs
 * nothing, without a destination.
 */
export function reportLineage(options: LineageOptions): LineageReporter {
  const { destination, namespace, jobs, clock, ids } = options;
  const runs = new Map<string, Run>();
  const queue = createEventQueue(destination);
  let timer: NodeJS.Timeout | undefined;

  const tell = ({ type, run, error }: Told): void =>
    queue.add(
      runEvent({
        type,
        atMs: clock.now(),
        runId: run.runId,
        namespace,
        job: run.job,
        ...(error !== undefined && { error }),
      }),
    );
  const judge = (state: JobState): void => {
    const { name } = state.job;
    const nextId = () => ids.next();
    const { run, told } = advance(runs.get(name), state, { nowMs: clock.now(), nextId });
    if (run === undefined) runs.delete(name);
    else runs.set(name, run);
    told.forEach(tell);
  };
  const look = (): void => {
    const states = jobs();
    const seen = new Set(states.map(({ job }) => job.name));
    states.forEach(judge);
    for (const [name, { job }] of runs) if (!seen.has(name)) judge({ job, state: "away" });
  };
  const isWanted = destination.url !== undefined || destination.file !== undefined;
  return {
    name: "lineage",
    look,
    start: async () => {
      if (isWanted) timer = setInterval(look, lookEveryMs).unref();
    },
    stop: async () => {
      clearInterval(timer);
      for (const run of runs.values()) tell({ type: "COMPLETE", run });
      runs.clear();
      await queue.drained();
    },
  };
}
