import type { RuleDefinition, RulePack } from "../rules/definition.ts";
import type { StreamEvent } from "../stream.ts";
import { Arena } from "../window/arena.ts";
import { insertByTime } from "../window/join.ts";
import type { EventLog } from "../window/log.ts";
import { StateCodec } from "./codec.ts";
import { compileLane, type LaneOptions } from "./compile-lane.ts";
import { type Firing, firePatterns, fireWindows, laneDueAt, sayFinally } from "./fire.ts";
import { inspectKey } from "./inspect.ts";
import type { KeyView } from "./inspect-types.ts";
import { collect, judge } from "./judge.ts";
import { type JudgeContext, newContext } from "./judge-context.ts";
import type { JudgeStep, Output } from "./judgement.ts";
import type { CompiledLane, CompiledLog } from "./lane-plan.ts";
import { areOrderFree } from "./plan-analysis.ts";
import {
  dueCell,
  finalStateOf,
  type KeyState,
  keyCells,
  type Lanes,
  latestCell,
  newKeyState,
  resetKeyState,
} from "./state.ts";
import { type Draft, JudgedStep, newDraft, tailOf } from "./step.ts";
import { trim } from "./trim.ts";
import type { Engine, EngineOptions, Limits, Lineage, Step, StepTail } from "./types.ts";

const defaultLimits: Limits = { events: 1_000, runs: 256, matches: 40, idBytes: 16_384 };

const noEvent: StreamEvent = { id: "", type: "", at: 0, values: [] };

/** Compiles a rule pack. Rules that are `off` do not run. */
export function createEngine(pack: RulePack, options: EngineOptions = {}): Engine {
  return new KeyedEngine(pack, options);
}

class KeyedEngine implements Engine {
  readonly generation: number;
  readonly rules: readonly RuleDefinition[];
  readonly retentionMs: number;
  readonly lineage: Lineage;
  readonly #pack: RulePack;
  readonly #limits: Limits;
  readonly #horizonMs: number;
  readonly #latenessMs: number;
  /** Judges on arrival; knows all recent ids even when no rule judges on arrival. */
  readonly #early: CompiledLane;
  readonly #recent: EventLog;
  readonly #final: CompiledLane | undefined;
  readonly #lanes: Lanes;
  readonly #codec: StateCodec;
  /** These serve all steps, so that one costs little memory. */
  readonly #draft: Draft = newDraft();
  readonly #arrival: JudgeStep;
  readonly #firing: JudgeContext = newContext();

  constructor(pack: RulePack, options: EngineOptions) {
    this.#pack = pack;
    this.rules = pack.rules;
    this.generation = options.generation ?? 0;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#horizonMs = options.dedupeHorizonMs ?? 600_000;
    this.#latenessMs = options.allowedLatenessMs ?? 0;
    const running = pack.rules.filter((rule) => rule.mode !== "off");
    const lineage = options.lineage ?? {};
    const compiled = (
      time: "early" | "final",
      rules: readonly RuleDefinition[],
      place: Pick<LaneOptions, "arena" | "isOrderFree">,
    ) =>
      compileLane(pack, rules, {
        time,
        ...place,
        lineage,
        limits: this.#limits,
        allowedLatenessMs: this.#latenessMs,
        horizonMs: time === "early" ? Math.max(1, this.#horizonMs) : 0,
      });
    const allFinal = options.time === "final";
    const early = allFinal ? [] : running.filter((rule) => rule.emit.time !== "final");
    const final = allFinal ? running : running.filter((rule) => rule.emit.time !== "early");
    const arena = new Arena();
    arena.reserve(keyCells);
    this.#early = compiled("early", early, { arena, isOrderFree: false });
    const isOrderFree = areOrderFree(final, pack.stream);
    this.#recent = (this.#early.logs[0] as CompiledLog).log;
    this.#final =
      final.length > 0
        ? compiled("final", final, { arena: isOrderFree ? arena : new Arena(), isOrderFree })
        : undefined;
    this.#lanes = { early: this.#early, final: this.#final };
    const lanes = this.#final === undefined ? [this.#early] : [this.#early, this.#final];
    this.retentionMs = Math.max(this.#horizonMs, ...lanes.map((lane) => lane.retentionMs));
    const prints = lanes.flatMap((lane) => lane.fingerprints);
    this.lineage = Object.fromEntries(
      prints.map((print) => [print, lineage[print] ?? { generation: 0, since: null }]),
    );
    this.#arrival = { event: noEvent, context: newContext(), output: this.#draft, inOrder: true };
    this.#codec = new StateCodec({
      stream: pack.stream,
      generation: this.generation,
      lineage: this.lineage,
      early: this.#early,
      final: this.#final,
    });
  }

  newState(): KeyState {
    return newKeyState(this.#lanes);
  }

  process(state: KeyState, event: StreamEvent, watermark: number): Step {
    const draft = this.#begin();
    draft.late = event.at <= watermark;
    if (event.at < watermark - this.#horizonMs) return this.#end(state, "too_late");
    if (watermark > this.#expiresAt(state)) resetKeyState(state, this.#lanes);
    if ((state.cells[dueCell] as number) <= watermark) this.#fireAll(state, watermark, draft);
    const step = this.#arrival;
    step.event = event;
    this.#setContext(step.context, state, watermark);
    trim(this.#early, state, step);
    if (this.#recent.knowsId(state, event.id)) return this.#end(state, "duplicate");
    this.#judge(state, step);
    const { cells } = state;
    if (event.at > (cells[latestCell] as number)) cells[latestCell] = event.at;
    const dueAt = this.#dueAt(state);
    cells[dueCell] = dueAt;
    if (dueAt <= watermark) this.#fireAll(state, watermark, draft);
    return this.#end(state, "judged");
  }

  #begin(): Draft {
    const draft = this.#draft;
    draft.judgement = undefined;
    draft.alerts = undefined;
    draft.finals = undefined;
    draft.timedOut = undefined;
    return draft;
  }

  #end(state: KeyState, disposition: Step["disposition"]): Step {
    const draft = this.#draft;
    draft.disposition = disposition;
    draft.dueAt = state.cells[dueCell] as number;
    draft.expiresAt = this.#expiresAt(state);
    return new JudgedStep(draft);
  }

  #judge(state: KeyState, step: JudgeStep): void {
    const draft = this.#draft;
    const { event, context } = step;
    draft.judgement = judge(this.#early, state, step);
    if (this.#final === undefined) return;
    if (this.#final.isOrderFree) collect(this.#final, finalStateOf(state), step);
    else if (!draft.late) {
      if (state.waiting.length === 0) state.waiting = [];
      insertByTime(state.waiting, event, (waiting) => waiting.at);
    } else if (this.#takesLate(event, context)) this.#judgeFinally(state, step);
  }

  advance(state: KeyState, watermark: number): StepTail {
    const draft = this.#begin();
    if ((state.cells[dueCell] as number) <= watermark) this.#fireAll(state, watermark, draft);
    draft.dueAt = state.cells[dueCell] as number;
    draft.expiresAt = this.#expiresAt(state);
    return tailOf(draft);
  }

  encode(state: KeyState): Uint8Array {
    return this.#codec.encode(state);
  }

  decode(bytes: Uint8Array): KeyState {
    const state = this.#codec.decode(bytes);
    state.cells[dueCell] = this.#dueAt(state);
    return state;
  }

  inspect(state: KeyState, at: number): KeyView {
    const copy = this.decode(this.encode(state));
    return inspectKey(copy, { stream: this.#pack.stream, lanes: this.#lanes, at });
  }

  /** Fires what is due, one time after the other, so that the result is the same at any pace. */
  #fireAll(state: KeyState, watermark: number, output: Output): void {
    let due = state.cells[dueCell] as number;
    while (due <= watermark) {
      const context = this.#firing;
      this.#setContext(context, state, due);
      this.#fire(state, due, { due, context, output });
      due = this.#dueAt(state);
      state.cells[dueCell] = due;
    }
  }

  #fire(state: KeyState, due: number, firing: Firing): void {
    const { output } = firing;
    firePatterns(this.#early, state, firing);
    fireWindows(this.#early, state, firing);
    if (this.#final === undefined) return;
    firePatterns(this.#final, finalStateOf(state), firing);
    for (let event = state.waiting[0]; event !== undefined; event = state.waiting[0]) {
      if (event.at > due) break;
      state.waiting.shift();
      const context = newContext();
      this.#setContext(context, state, due - 1);
      this.#judgeFinally(state, { event, context, output, inOrder: true });
    }
    fireWindows(this.#final, finalStateOf(state), firing);
  }

  /** A late event is judged finally within the allowed lateness, or while its window is open. */
  #takesLate(event: StreamEvent, { closedUpTo }: JudgeContext): boolean {
    if (event.at > closedUpTo) return true;
    return this.#final?.buckets.some(({ window }) => window.takes(event.at, closedUpTo)) === true;
  }

  #judgeFinally(state: KeyState, step: JudgeStep): void {
    if (this.#final === undefined) return;
    trim(this.#final, finalStateOf(state), step);
    const judgement = judge(this.#final, finalStateOf(state), step);
    sayFinally(judgement, step.output);
  }

  #setContext(context: JudgeContext, state: KeyState, watermark: number): void {
    context.watermark = watermark;
    context.closedUpTo = watermark - this.#latenessMs;
    context.incomplete = state.incomplete;
  }

  #dueAt(state: KeyState): number {
    const first = state.waiting[0]?.at ?? Number.POSITIVE_INFINITY;
    let due = Math.min(first, laneDueAt(this.#early, state));
    if (this.#final !== undefined) {
      due = Math.min(due, laneDueAt(this.#final, finalStateOf(state)));
    }
    return due;
  }

  #expiresAt(state: KeyState): number {
    const latestAt = state.cells[latestCell] as number;
    return latestAt === Number.NEGATIVE_INFINITY
      ? Number.POSITIVE_INFINITY
      : latestAt + this.retentionMs;
  }
}

/**
 * Lineage of the next rule set: what the running one collects keeps its age, what is new begins at
 * the barrier (`since`, the watermark there). Pure and the same wherever it is computed.
 */
export function nextLineage(barrier: {
  /** `undefined` for the first rule set. */
  readonly previous: Lineage | undefined;
  readonly pack: RulePack;
  readonly generation: number;
  readonly since: number;
}): Lineage {
  const { previous, pack, generation } = barrier;
  const since = Number.isFinite(barrier.since) ? barrier.since : null;
  const prints = Object.keys(createEngine(pack).lineage);
  return Object.fromEntries(
    prints.map((print) => [print, previous?.[print] ?? { generation, since }]),
  );
}
