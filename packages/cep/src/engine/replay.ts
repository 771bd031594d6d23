import type { Match } from "../pattern/automaton.ts";
import type { Link, Runs } from "../pattern/runs.ts";
import { type Entry, entryAt, logEnd, logStart } from "../window/log.ts";
import type { CompiledLane, CompiledPattern } from "./lane-plan.ts";
import { present, recallRunEvent } from "./recall.ts";
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
  step: { readonly pattern: CompiledPattern; readonly number: number; readonly watermark: number },
): Replay {
  const { pattern, number } = step;
  const { scratch } = lane;
  const { event } = scratch.evaluation;
  const truths = scratch.truths.slice();
  const inserted = entryAt(state.log, number);
  const entries: Entry[] = [];
  for (let n = logStart(state.log); n < logEnd(state.log); n++) {
    const entry = entryAt(state.log, n);
    if (entry !== undefined && entry.at > event.at - pattern.withinMs) entries.push(entry);
  }
  const after = run(lane, pattern, entries);
  const before = run(
    lane,
    pattern,
    entries.filter((entry) => entry !== inserted),
  );
  scratch.truths.set(truths);
  scratch.evaluation.event = event;
  pattern.automaton.advance(after.runs, step.watermark);
  return {
    runs: after.runs,
    gained: subtract(after.matches, before.matches),
    lost: subtract(before.matches, after.matches),
  };
}

function run(
  lane: CompiledLane,
  pattern: CompiledPattern,
  entries: readonly Entry[],
): { readonly runs: Runs<RunEvent>; readonly matches: readonly Match<RunEvent>[] } {
  const runs = pattern.automaton.newRuns();
  const matches: Match<RunEvent>[] = [];
  for (const entry of entries) {
    if (entry.at <= pattern.since) continue;
    present(lane, entry);
    const outcome = pattern.automaton.process(runs, recallRunEvent(lane, pattern, entry), entry.at);
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
