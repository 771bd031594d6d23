import { cellsAt, copyWithout, type EventLog, holds, timeAt } from "../window/log.ts";
import type { SlidingWindow, WindowState } from "../window/sliding.ts";
import { maxListedIds } from "./judge-windows.ts";
import { hit, type Judgement, type JudgeStep } from "./judgement.ts";
import type { CompiledRule, CompiledWindow } from "./lane-plan.ts";
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
    const asked = lane.slidings[rule.sliding ?? -1];
    if (asked === undefined || rule.having === undefined) continue;
    const { options } = asked.window;
    const number = lane.scratch.numbers[options.log] as number;
    const log = state.logs[options.log] as EventLog;
    if (number < 0 || !asked.window.fills(log, number)) continue;
    if ((state.panes[options.index]?.length ?? 0) > 0) continue;
    correctRule({ judgement, rule, asked, number }, state, step);
  }
  lane.scratch.evaluation.event = judgement.event;
  lane.scratch.evaluation.aggregates = judgement.aggregates;
}

type Correcting = {
  readonly judgement: Judgement;
  readonly rule: CompiledRule;
  readonly asked: CompiledWindow<SlidingWindow>;
  /** The late event's number in the window's log. */
  readonly number: number;
};

/** Later entries are those after the event's own time, as far as the window reaches. */
function correctRule(of: Correcting, state: LaneState, step: JudgeStep): void {
  const { judgement, rule, asked, number } = of;
  const { lane } = judgement;
  const { window } = asked;
  const log = window.log(state);
  const last = window.newestAt(state, step.event.at + window.sizeMs);
  if (last === number) return;
  const now = holdingAt(of, state.logs, { from: number + 1, to: last });
  const without = copyWithout(lane.layout, log, number);
  const logs = state.logs.with(window.options.log, without);
  const then = holdingAt(of, logs, { from: number, to: last - 1 });
  for (let n = number + 1; n <= last; n++) {
    const at = timeAt(lane.layout, log, n);
    const values = now[n - number - 1];
    const held = then[n - number - 1] !== undefined;
    if (at === step.event.at || held === (values !== undefined)) continue;
    const event = recallEvent(lane, log, n);
    const eventIds = window.idsAt(state, { at, number: n, most: maxListedIds });
    const told: Judgement = {
      ...judgement,
      event,
      aggregates: values ?? lane.blank.aggregates.slice(),
      codes: lane.rules.map(() => hit),
    };
    const detail = { matchId: event.id, eventIds, matches: 1 };
    const { context, output } = step;
    const telling = { detail, context, revision: 1, holds: values !== undefined, output };
    tell(told, rule, values === undefined ? telling : { ...telling, state });
  }
}

/**
 * For each entry of a stretch the values at which the rule held there; `undefined` where it did
 * not, or where the entry is not judged.
 */
function holdingAt(
  { judgement, rule, asked }: Correcting,
  logs: readonly EventLog[],
  stretch: { readonly from: number; readonly to: number },
): readonly (number[] | undefined)[] {
  const { lane } = judgement;
  const { window } = asked;
  const { evaluation } = lane.scratch;
  const log = logs[window.options.log] as EventLog;
  const gate = lane.conditions[rule.gate]?.bit ?? -1;
  const held: (number[] | undefined)[] = [];
  let totals: WindowState | undefined;
  for (let n = stretch.from; n <= stretch.to; n++) {
    const at = timeAt(lane.layout, log, n);
    if (totals === undefined) totals = window.totalsAt(logs, at, n);
    else window.advance(totals, n);
    if (gate < 0 || !holds(log, cellsAt(lane.layout, log, n), gate)) {
      held.push(undefined);
      continue;
    }
    const values = lane.blank.aggregates.slice();
    window.write(totals, asked.aggregates, { values, panes: undefined });
    evaluation.event = recallEvent(lane, log, n);
    evaluation.aggregates = values;
    held.push(rule.having?.(evaluation) === 1 ? values : undefined);
  }
  return held;
}
