import type { Match } from "../pattern/automaton.ts";
import type { Link, Runs } from "../pattern/runs.ts";
import type { EventLog, LogState } from "../window/log.ts";
import type { CompiledLane, CompiledLog, CompiledPattern } from "./lane-plan.ts";
import { recallEvent, recallTruths, runEventOf, without } from "./recall.ts";
import type { LaneState, RunEvent } from "./state.ts";

/** What an event that came out of order changed for a pattern. */
export type Replay = {
  readonly runs: Runs<RunEvent>;
  /** Matches that exist only now. */
  readonly gained: readonly Match<RunEvent>[];
  /** Matches that were reported and do not exist any more. */
  readonly lost: readonly Match<RunEvent>[];
};

/**
 * Runs a pattern anew over the part of the log that an event out of order can concern, with and
 * without it. What the watermark has decided stays decided.
 */
export function replayPattern(
  lane: CompiledLane,
  state: LaneState,
  step: { readonly pattern: CompiledPattern; readonly at: number; readonly watermark: number },
): Replay {
  const { pattern, at } = step;
  const { scratch } = lane;
  const { log } = lane.logs[0] as CompiledLog;
  const { event } = scratch.evaluation;
  const truths = scratch.truths.slice();
  const from = Math.max(at - pattern.withinMs, pattern.since);
  let replay: Replay = { runs: pattern.automaton.newRuns(), gained: [], lost: [] };
  if (canBegin(lane, pattern, { log, state, from })) {
    const number = scratch.numbers[0] as number;
    const after = run(lane, pattern, { log, state, from });
    const before = run(lane, pattern, { log, state: without(state, log, number), from });
    pattern.automaton.advance(after.runs, step.watermark);
    replay = {
      runs: after.runs,
      gained: subtract(after.matches, before.matches),
      lost: subtract(before.matches, after.matches),
    };
  }
  scratch.truths.set(truths);
  scratch.evaluation.event = event;
  return replay;
}

/** The entries after a time. */
type Stretch = { readonly log: EventLog; readonly state: LogState; readonly from: number };

/** Whether any entry could begin a match; without one there is nothing to run. */
function canBegin(lane: CompiledLane, pattern: CompiledPattern, of: Stretch): boolean {
  const { log, state, from } = of;
  for (let number = log.end(state) - 1; number >= log.start(state); number--) {
    const cell = log.cellOf(state, number);
    if ((state.cells[cell] as number) <= from) return false;
    recallTruths(lane, state, cell);
    if (pattern.automaton.canBegin()) return true;
  }
  return false;
}

function run(
  lane: CompiledLane,
  pattern: CompiledPattern,
  { log, state, from }: Stretch,
): { readonly runs: Runs<RunEvent>; readonly matches: readonly Match<RunEvent>[] } {
  const runs = pattern.automaton.newRuns();
  const matches: Match<RunEvent>[] = [];
  for (let number = log.start(state); number < log.end(state); number++) {
    const cell = log.cellOf(state, number);
    if ((state.cells[cell] as number) <= from) continue;
    recallTruths(lane, state, cell);
    const event = recallEvent(log, state, number);
    lane.scratch.evaluation.event = event;
    const outcome = pattern.automaton.process(runs, runEventOf(pattern, event), event.at);
    matches.push(...outcome.matches);
  }
  return { runs, matches };
}

function subtract(
  matches: readonly Match<RunEvent>[],
  others: readonly Match<RunEvent>[],
): readonly Match<RunEvent>[] {
  const known = new Set(others.map((match) => nameOf(match.last)));
  return matches.filter((match) => !known.has(nameOf(match.last)));
}

function nameOf(last: Link<RunEvent> | undefined): string {
  return last === undefined ? "" : `${nameOf(last.before)};${last.stage}=${last.event.id}`;
}
