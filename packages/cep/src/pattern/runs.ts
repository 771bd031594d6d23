import type { PatternSpec } from "./pattern.ts";

/** An event in a partial match, linked to the one taken before it. Immutable, shared by runs. */
export type Link<E> = {
  readonly event: E;
  readonly at: number;
  /** Arrival number among the key's events. */
  readonly sequence: number;
  /** Index of the stage that took it. */
  readonly stage: number;
  readonly before: Link<E> | undefined;
};

/** A partial match: where the automaton stands and what it took to get there. */
export type Run<E> = {
  /** State of the automaton. */
  readonly state: number;
  readonly last: Link<E> | undefined;
  readonly startAt: number;
  /** Arrival number of the first event; with `startAt` the run's place among all runs. */
  readonly startSequence: number;
  readonly lastAt: number;
};

/** All partial matches of one key: plain data. */
export type Runs<E> = {
  /** Always holds the run that waits for a first event; a heap when a skip strategy needs order. */
  active: Run<E>[];
  /** Matches that a skip strategy holds back until earlier runs are decided; a heap. */
  completed: Run<E>[];
  /** Arrival number of the next event. */
  sequence: number;
  /** Runs were dropped by the bound. */
  overflowed: boolean;
};

/** The runs of a key that was never seen: one, waiting in the automaton's start state. */
export function emptyRuns<E>(startState: number): Runs<E> {
  return { active: [startRun(startState)], completed: [], sequence: 0, overflowed: false };
}

/** The run that waits for a first event; it comes after all others. */
export function startRun<E>(startState: number): Run<E> {
  return {
    state: startState,
    last: undefined,
    startAt: Number.POSITIVE_INFINITY,
    startSequence: Number.POSITIVE_INFINITY,
    lastAt: Number.POSITIVE_INFINITY,
  };
}

/** Whether nothing was taken that still matters. */
export function areFresh<E>(runs: Runs<E>): boolean {
  return runs.active.length === 1 && runs.completed.length === 0 && !runs.overflowed;
}

/** The events of a partial or complete match by stage, oldest first. */
export function stagesOf<E>(
  spec: PatternSpec<unknown>,
  last: Link<E> | undefined,
): Readonly<Record<string, readonly E[]>> {
  const byStage = new Map<number, E[]>();
  for (let link = last; link !== undefined; link = link.before) {
    byStage.set(link.stage, [link.event, ...(byStage.get(link.stage) ?? [])]);
  }
  const stages: Record<string, readonly E[]> = {};
  for (const [stage, events] of [...byStage].sort(([a], [b]) => a - b)) {
    stages[spec.stages[stage]?.name ?? String(stage)] = events;
  }
  return stages;
}
