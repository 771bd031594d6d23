import type { Automaton } from "../pattern/automaton.ts";
import { type State, takesFrom } from "../pattern/graph.ts";
import { type Run, type Runs, stagesOf } from "../pattern/runs.ts";
import type { PartialMatchView } from "./inspect-types.ts";
import type { RunEvent } from "./state.ts";

/** The open partial matches of a pattern, oldest first; `events` is the plural of what is counted. */
export function partialMatchesOf(
  automaton: Automaton<RunEvent>,
  runs: Runs<RunEvent>,
  events: string,
): readonly PartialMatchView[] {
  return runs.active
    .filter(({ last }) => last !== undefined)
    .toSorted((a, b) => a.startAt - b.startAt || a.startSequence - b.startSequence)
    .map((run) => viewOf(automaton, run, events));
}

function viewOf(
  automaton: Automaton<RunEvent>,
  run: Run<RunEvent>,
  events: string,
): PartialMatchView {
  const taken = Object.entries(stagesOf(automaton.spec, run.last));
  const stages = Object.fromEntries(taken.map(([name, list]) => [name, list.map(({ id }) => id)]));
  const state = automaton.states[run.state];
  const waitsFor = state === undefined ? [] : awaited(automaton, state);
  const alone = { active: [run], completed: [], sequence: 0, overflowed: false };
  const dueAt = automaton.dueAt(alone, "any");
  const timesOutAt = Number.isFinite(dueAt) ? dueAt : undefined;
  const completesByTime = state?.kind === "pending";
  const has = taken.map(([name, list]) => `${list.length} × "${name}"`).join(", ");
  const until = timesOutAt === undefined ? "" : ` until ${new Date(timesOutAt).toISOString()}`;
  const waits = completesByTime
    ? `complete when none of what it excludes comes${until}`
    : `waits for ${waitsFor.map((name) => `"${name}"`).join(" or ")}${until}`;
  return {
    stages,
    since: run.startAt,
    waitsFor,
    completesByTime,
    timesOutAt,
    explanation: `Of the ${events} in sequence it has ${has} since ${new Date(run.startAt).toISOString()}; ${waits}.`,
  };
}

/** Stages that can take the next event, over states that can be passed. */
function awaited({ spec }: Automaton<RunEvent>, state: State): readonly string[] {
  const found = new Set(takesFrom(state).map(({ from }) => from.stage));
  return [...found].sort((a, b) => a - b).map((stage) => spec.stages[stage]?.name ?? "");
}
