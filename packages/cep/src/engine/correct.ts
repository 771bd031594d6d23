import { holds } from "../window/log.ts";
import type { SlidingWindow, Stretch, WindowState } from "../window/sliding.ts";
import { maxListedIds } from "./judge-windows.ts";
import { hit, type Judgement, type JudgeStep } from "./judgement.ts";
import type { CompiledRule, CompiledWindow } from "./lane-plan.ts";
import { recallEvent, without } from "./recall.ts";
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
    const { options, log } = asked.window;
    const number = lane.scratch.numbers[options.logIndex] as number;
    if (number < 0 || !asked.window.fills(state, log.cellOf(state, number))) continue;
    if (asked.window.isFolded(state)) continue;
    correctRule({ judgement, rule, asked, number }, state, step);
  }
  lane.scratch.evaluation.event = judgement.event;
  lane.scratch.evaluation.aggregates = judgement.values;
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
  const { log } = window;
  const last = log.newestAt(state, step.event.at + window.sizeMs);
  if (last === number) return;
  const now = holdingAt(of, state, { from: number + 1, to: last });
  const then = holdingAt(of, without(state, log, number), { from: number, to: last - 1 });
  for (let n = number + 1; n <= last; n++) {
    const at = log.timeAt(state, n);
    const values = now[n - number - 1];
    const held = then[n - number - 1] !== undefined;
    if (at === step.event.at || held === (values !== undefined)) continue;
    const event = recallEvent(log, state, n);
    const eventIds = window.idsAt(state, { at, number: n, most: maxListedIds });
    const told: Judgement = { ...judgement, event, values: values ?? lane.blank.values.slice() };
    told.values[rule.index] = hit;
    const detail = { matchId: event.id, eventIds, matches: 1 };
    const { output } = step;
    const telling = { detail, revision: 1, holds: values !== undefined, output };
    tell(told, rule, values === undefined ? telling : { ...telling, state });
  }
}

/**
 * For each entry of a stretch the values at which the rule held there; `undefined` where it did
 * not, or where the entry is not judged.
 */
function holdingAt(
  { judgement, rule, asked }: Correcting,
  state: WindowState,
  stretch: { readonly from: number; readonly to: number },
): readonly (number[] | undefined)[] {
  const { lane } = judgement;
  const { window } = asked;
  const { evaluation } = lane.scratch;
  const { log } = window;
  const gate = lane.conditions[rule.gate]?.bit ?? -1;
  const held: (number[] | undefined)[] = [];
  let moving: Stretch | undefined;
  for (let n = stretch.from; n <= stretch.to; n++) {
    const cell = log.cellOf(state, n);
    if (moving === undefined) moving = window.movingFrom(state, state.cells[cell] as number, n);
    else window.advance(state, moving, n);
    if (gate < 0 || !holds(state, cell, gate)) {
      held.push(undefined);
      continue;
    }
    const values = lane.blank.values.slice();
    window.write(state, moving, values);
    evaluation.event = recallEvent(log, state, n);
    evaluation.aggregates = values;
    held.push(rule.having?.(evaluation) === 1 ? values : undefined);
  }
  return held;
}
