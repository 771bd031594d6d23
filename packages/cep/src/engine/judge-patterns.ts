import type { Match } from "../pattern/automaton.ts";
import { areFresh, type Link, type Runs, stagesOf } from "../pattern/runs.ts";
import { flagsOf } from "./judge-flags.ts";
import {
  approximateFlag,
  type HitDetail,
  hit,
  type Judgement,
  type JudgeStep,
  noteHit,
  type Output,
  overflowFlag,
} from "./judgement.ts";
import type { CompiledLane, CompiledPattern, CompiledRule } from "./lane-plan.ts";
import { runEventOf } from "./recall.ts";
import { replayPattern } from "./replay.ts";
import { tell } from "./speak.ts";
import type { LaneState, RunEvent } from "./state.ts";

type Stepping = {
  readonly rule: CompiledRule;
  readonly index: number;
  readonly pattern: CompiledPattern;
  readonly step: JudgeStep;
};

/** Steps every pattern of the lane; a match that the event completes is a hit of the event. */
export function judgePatterns(judgement: Judgement, state: LaneState, step: JudgeStep): void {
  const { event } = step;
  const { sequential, patterns } = judgement.lane;
  for (let r = 0; r < sequential.length; r++) {
    const rule = sequential[r] as CompiledRule;
    const index = rule.pattern as number;
    const pattern = patterns[index] as CompiledPattern;
    const { effectiveFrom } = rule.definition;
    if (event.at <= pattern.since) continue;
    if (effectiveFrom !== undefined && event.at < effectiveFrom) continue;
    if (step.inOrder && state.runs[index] === undefined && !canBegin(judgement.lane, pattern)) {
      judgement.values[rule.index] = flagsOf(rule, event.at, step.context);
      continue;
    }
    const stepping = { rule, index, pattern, step };
    const matches = step.inOrder
      ? stepPattern(judgement.lane, state, stepping)
      : revisePattern(judgement, state, stepping);
    noteMatches(judgement, state, { ...stepping, matches });
  }
}

function canBegin({ scratch }: CompiledLane, { openers, automaton }: CompiledPattern): boolean {
  if (openers !== undefined && !openers.some((index) => scratch.truths[index] === 1)) return false;
  return automaton.canBegin();
}

function stepPattern(
  lane: CompiledLane,
  state: LaneState,
  { index, pattern, step, rule }: Stepping,
): readonly Match<RunEvent>[] {
  const { automaton } = pattern;
  const { event, context } = step;
  const runs = state.runs[index] ?? automaton.newRuns();
  const reached = lane.time === "final" ? event.at : Math.min(context.watermark, event.at);
  const { timedOut } = automaton.advance(runs, reached);
  reportTimedOut(lane, rule, { timedOut, output: step.output });
  const { matches } = automaton.process(runs, runEventOf(pattern, event), event.at);
  keepRuns(state, index, runs);
  return matches;
}

/** An event out of order: what it makes possible is its hit, what it undoes is withdrawn. */
function revisePattern(
  judgement: Judgement,
  state: LaneState,
  { rule, index, pattern, step }: Stepping,
): readonly Match<RunEvent>[] {
  const { lane } = judgement;
  const { event } = step;
  const { watermark } = step.context;
  const replay = replayPattern(lane, state, { pattern, at: event.at, watermark });
  keepRuns(state, index, replay.runs);
  for (const match of replay.lost) {
    const detail = detailOfMatch(lane, rule, match);
    tell(judgement, rule, { detail, revision: 1, holds: false, output: step.output });
  }
  return replay.gained;
}

/** Stores runs, or nothing when nothing is open: equal meaning, equal state. */
export function keepRuns(state: LaneState, index: number, runs: Runs<RunEvent>): void {
  const kept = areFresh(runs) ? undefined : runs;
  if (state.runs[index] !== kept) state.runs = state.runs.with(index, kept);
}

function noteMatches(
  judgement: Judgement,
  state: LaneState,
  found: Stepping & { readonly matches: readonly Match<RunEvent>[] },
): void {
  const { rule, index, matches, step } = found;
  const overflowed = state.runs[index]?.overflowed === true;
  const closed = overflowed && rule.definition.overflow === "fail-closed";
  let code = flagsOf(rule, step.event.at, step.context) | (overflowed ? approximateFlag : 0);
  const [first] = matches;
  if (first !== undefined || closed) {
    code |= hit;
    if (first === undefined) code |= overflowFlag;
    const { id } = judgement.event;
    const detail =
      first === undefined
        ? { matchId: id, eventIds: [id], matches: 0 }
        : { ...detailOfMatch(judgement.lane, rule, first), matches: matches.length };
    noteHit(judgement, rule, detail);
  }
  judgement.values[rule.index] = code;
  const { output } = step;
  for (const match of matches) {
    const detail = { ...detailOfMatch(judgement.lane, rule, match), matches: matches.length };
    tell(judgement, rule, { detail, revision: 0, holds: true, output, state });
  }
  const detail = judgement.hits?.[rule.index];
  if (first === undefined && detail !== undefined) {
    tell(judgement, rule, { detail, revision: 0, holds: true, output, state });
  }
}

/** Names a match by its events, stage by stage: `probe=e1,e2;cashout=e5`. */
export function detailOfMatch(
  lane: CompiledLane,
  rule: CompiledRule,
  match: Match<RunEvent>,
): HitDetail {
  const stages = Object.entries(idsByStage(lane, rule, match.last));
  const matchId = stages.map(([name, ids]) => `${name}=${ids.join(",")}`).join(";");
  return { matchId, eventIds: stages.flatMap(([, ids]) => ids), matches: 1 };
}

/** Event ids by stage, in the order of the pattern. */
function idsByStage(
  lane: CompiledLane,
  rule: CompiledRule,
  last: Link<RunEvent> | undefined,
): Readonly<Record<string, readonly string[]>> {
  const spec = lane.patterns[rule.pattern ?? -1]?.automaton.spec;
  if (spec === undefined) return {};
  const stages = Object.entries(stagesOf(spec, last));
  return Object.fromEntries(stages.map(([name, events]) => [name, events.map(({ id }) => id)]));
}

/** Reports partial matches that ran out of time, for rules that ask for them. */
export function reportTimedOut(
  lane: CompiledLane,
  rule: CompiledRule,
  step: { readonly timedOut: readonly Match<RunEvent>[]; readonly output: Output },
): void {
  if (!rule.definition.emit.timedOut) return;
  for (const { last, at } of step.timedOut) {
    const stages = idsByStage(lane, rule, last);
    step.output.timedOut ??= [];
    step.output.timedOut.push({ ruleId: rule.definition.id, at, stages });
  }
}
