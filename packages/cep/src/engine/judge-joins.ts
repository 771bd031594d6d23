import type { StreamEvent, Value } from "../stream.ts";
import { insertByTime, type JoinEvent, type JoinState } from "../window/join.ts";
import { flagsOf } from "./judge-flags.ts";
import { type HitDetail, hit, type Judgement, type JudgeStep, noteHit } from "./judgement.ts";
import type { CompiledJoin, CompiledLane, CompiledRule } from "./lane-plan.ts";
import { tell } from "./speak.ts";
import type { LaneState } from "./state.ts";

/** Events kept a side; a key with more forgets its oldest. */
const maxSide = 256;

/** Matches the event with the other side of every join of the lane. */
export function judgeJoins(judgement: Judgement, state: LaneState, step: JudgeStep): void {
  for (const rule of judgement.lane.rules) {
    const index = rule.join;
    const join = index === undefined ? undefined : judgement.lane.joins[index];
    if (index === undefined || join === undefined || step.event.at <= join.since) continue;
    const sides = state.joins[index] ?? { left: [], right: [] };
    const pairs = pair(judgement.lane, join, { sides, event: step.event });
    prune(join, sides, step.context.watermark);
    const empty = sides.left.length === 0 && sides.right.length === 0;
    const kept = empty ? undefined : sides;
    if (state.joins[index] !== kept) state.joins = state.joins.with(index, kept);
    if (join.mode !== "inner") continue;
    const [first] = pairs;
    if (first === undefined) continue;
    judgement.values[rule.index] = flagsOf(rule, step.event.at, step.context) | hit;
    noteHit(judgement, rule, { ...detailOfPair(rule, first), matches: pairs.length });
    for (const found of pairs) {
      const detail = detailOfPair(rule, found);
      const { output } = step;
      tell(judgement, rule, { detail, revision: 0, holds: true, output, state });
    }
  }
}

type Pair = { readonly left: JoinEvent; readonly right: JoinEvent };

function detailOfPair(rule: CompiledRule, { left, right }: Pair): HitDetail {
  const aliases =
    rule.definition.plan.kind === "join" ? rule.definition.plan.aliases : ["left", "right"];
  const matchId = `${aliases[0]}=${left.id};${aliases[1]}=${right.id}`;
  return { matchId, eventIds: [left.id, right.id], matches: 1 };
}

/** Adds the event to the sides it belongs to and returns the pairs that it completes. */
function pair(
  lane: CompiledLane,
  join: CompiledJoin,
  at: { readonly sides: JoinState; readonly event: StreamEvent },
): readonly Pair[] {
  const { sides, event } = at;
  const pairs: Pair[] = [];
  if (join.rightTypes.includes(event.type)) {
    const right = keep(event, join.rightKept);
    insertByTime(sides.right, right, (e) => e.at);
    for (const left of sides.left) {
      if (!fits(lane, join, { left: left.event, right: event })) continue;
      left.matched = true;
      pairs.push({ left: left.event, right });
    }
  }
  if (lane.scratch.truths[join.left] === 1) {
    const left = { event: keep(event, join.kept), matched: false };
    for (const right of sides.right) {
      if (!fits(lane, join, { left: left.event, right: spread(right, join.rightKept) })) continue;
      left.matched = true;
      pairs.push({ left: left.event, right });
    }
    insertByTime(sides.left, left, (side) => side.event.at);
    lane.scratch.evaluation.event = event;
  }
  return pairs;
}

function keep(event: StreamEvent, fields: readonly number[]): JoinEvent {
  const values = fields.map((field) => event.values[field]);
  return { id: event.id, type: event.type, at: event.at, values };
}

function spread(event: JoinEvent, fields: readonly number[]): StreamEvent {
  const values: Value[] = [];
  fields.forEach((field, i) => {
    values[field] = event.values[i];
  });
  return { ...event, values };
}

function fits(
  lane: CompiledLane,
  join: CompiledJoin,
  of: { readonly left: JoinEvent; readonly right: StreamEvent },
): boolean {
  const distance = of.right.at - of.left.at;
  if (distance < join.lowerMs || distance > join.upperMs) return false;
  const { evaluation } = lane.scratch;
  evaluation.left = of.left;
  evaluation.event = of.right;
  return join.right(evaluation) === 1;
}

/** Forgets what no event after the watermark can meet any more. */
function prune(join: CompiledJoin, sides: JoinState, watermark: number): void {
  const { left, right } = sides;
  const missing = join.mode === "missing";
  while (left[0] !== undefined) {
    const over = left[0].event.at + join.upperMs <= watermark && (!missing || left[0].matched);
    if (!over && left.length <= maxSide) break;
    left.shift();
  }
  while (right[0] !== undefined) {
    const over = right[0].at - join.lowerMs <= watermark;
    if (!over && right.length <= maxSide) break;
    right.shift();
  }
}
