import {
  type Entry,
  type EventLog,
  emptyLog,
  entryAt,
  holds,
  insert,
  logEnd,
  logStart,
} from "../window/log.ts";
import { growSliding, slide, startSliding } from "../window/sliding.ts";
import { idsInWindow, writeTotals } from "./judge-windows.ts";
import { hit, type Judgement, type JudgeStep } from "./judgement.ts";
import type { CompiledLane, CompiledRule } from "./lane-plan.ts";
import { recallEvent } from "./recall.ts";
import { tell } from "./speak.ts";
import type { LaneState } from "./state.ts";

/**
 * An event out of order changes what sliding windows were at later events: where that makes a rule
 * cross its threshold there, an alert with revision 1 says so (or withdraws one).
 */
export function correct(judgement: Judgement, state: LaneState, step: JudgeStep): void {
  const { lane } = judgement;
  for (const rule of lane.rules) {
    const index = rule.sliding;
    const spec = index === undefined ? undefined : lane.slidings[index]?.spec;
    if (index === undefined || spec === undefined || rule.having === undefined) continue;
    if (!holds(step.entry, spec.fill) || (state.panes[index]?.length ?? 0) > 0) continue;
    correctRule(judgement, state, { rule, index, step });
  }
  lane.scratch.evaluation.event = judgement.event;
  lane.scratch.evaluation.aggregates = judgement.aggregates;
}

type Correcting = {
  readonly rule: CompiledRule;
  readonly index: number;
  readonly step: JudgeStep;
};

function correctRule(judgement: Judgement, state: LaneState, of: Correcting): void {
  const { rule, index, step } = of;
  const { lane } = judgement;
  const spec = lane.slidings[index]?.spec;
  if (spec === undefined) return;
  const affected = entriesBetween(state.log, {
    from: step.event.at - spec.sizeMs,
    to: step.event.at + spec.sizeMs,
  });
  const inserted = step.entry;
  const after = truthsOver(lane, rule, affected);
  const before = truthsOver(
    lane,
    rule,
    affected.filter((entry) => entry !== inserted),
  );
  for (const [entry, values] of after) {
    const now = values !== undefined;
    const then = before.get(entry) !== undefined;
    if (entry === inserted || now === then || !isLater(entry, step)) continue;
    const number = numberOf(state.log, entry);
    const event = recallEvent(lane, entry);
    const told: Judgement = {
      ...judgement,
      event,
      aggregates: values ?? lane.blankAggregates.slice(),
      codes: lane.rules.map(() => hit),
    };
    const detail = {
      matchId: entry.id,
      eventIds: idsInWindow(spec, state.log, number),
      matches: 1,
    };
    const { context, output } = step;
    const at = { detail, context, revision: 1, holds: now, output };
    tell(told, rule, now ? { ...at, state } : at);
  }
}

function isLater(entry: Entry, step: JudgeStep): boolean {
  return entry.at > step.event.at;
}

function entriesBetween(
  log: EventLog,
  span: { readonly from: number; readonly to: number },
): readonly Entry[] {
  const entries: Entry[] = [];
  for (let n = logStart(log); n < logEnd(log); n++) {
    const entry = entryAt(log, n);
    if (entry !== undefined && entry.at >= span.from && entry.at <= span.to) entries.push(entry);
  }
  return entries;
}

function numberOf(log: EventLog, entry: Entry): number {
  return log.first + log.items.indexOf(entry);
}

/** For each judged entry the values at which the rule held there, `undefined` where it did not. */
function truthsOver(
  lane: CompiledLane,
  rule: CompiledRule,
  entries: readonly Entry[],
): ReadonlyMap<Entry, number[] | undefined> {
  const window = lane.slidings[rule.sliding ?? -1];
  const found = new Map<Entry, number[] | undefined>();
  if (window === undefined || rule.having === undefined) return found;
  const { evaluation } = lane.scratch;
  const gateBit = lane.conditions[rule.gate]?.bit ?? -1;
  const log = emptyLog();
  const sliding = startSliding(window.spec, log);
  for (const entry of entries) {
    insert(log, entry);
    growSliding(window.spec, sliding, log);
    sliding.at = entry.at;
    slide(window.spec, sliding, log);
    if (gateBit < 0 || !holds(entry, gateBit)) continue;
    const values = lane.blankAggregates.slice();
    writeTotals(sliding.totals, window.aggregates, values);
    evaluation.event = recallEvent(lane, entry);
    evaluation.aggregates = values;
    found.set(entry, rule.having(evaluation) === 1 ? values : undefined);
  }
  return found;
}
