import type { RuleDefinition, RulePack } from "../rules/definition.ts";
import type { StreamEvent } from "../stream.ts";
import { takes } from "../window/buckets.ts";
import { insertByTime } from "../window/join.ts";
import { type EventLog, knowsId } from "../window/log.ts";
import { StateCodec } from "./codec.ts";
import { compileLane } from "./compile-lane.ts";
import { type Firing, firePatterns, fireWindows, laneDueAt, sayFinally } from "./fire.ts";
import { collect, judge } from "./judge.ts";
import type { JudgeContext } from "./judge-context.ts";
import type { Judgement, Output } from "./judgement.ts";
import type { CompiledLane } from "./lane-plan.ts";
import { type KeyState, type Lanes, newKeyState, resetKeyState } from "./state.ts";
import { JudgedStep, noOutput, type Reception, tailOf } from "./step.ts";
import type { Engine, EngineOptions, Limits, Lineage, Step, StepTail } from "./types.ts";

const defaultLimits: Limits = { events: 1_000, runs: 256, matches: 40, idBytes: 16_384 };

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
  readonly #final: CompiledLane | undefined;
  readonly #lanes: Lanes;
  readonly #codec: StateCodec;

  constructor(pack: RulePack, options: EngineOptions) {
    this.#pack = pack;
    this.rules = pack.rules;
    this.generation = options.generation ?? 0;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#horizonMs = options.dedupeHorizonMs ?? 600_000;
    this.#latenessMs = options.allowedLatenessMs ?? 0;
    const running = pack.rules.filter((rule) => rule.mode !== "off");
    const lineage = options.lineage ?? {};
    const compiled = (time: "early" | "final", rules: readonly RuleDefinition[]) =>
      compileLane(pack, rules, {
        time,
        lineage,
        limits: this.#limits,
        allowedLatenessMs: this.#latenessMs,
        horizonMs: time === "early" ? Math.max(1, this.#horizonMs) : 0,
      });
    const allFinal = options.time === "final";
    const early = allFinal ? [] : running.filter((rule) => rule.emit.time !== "final");
    const final = allFinal ? running : running.filter((rule) => rule.emit.time !== "early");
    this.#early = compiled("early", early);
    this.#final = final.length > 0 ? compiled("final", final) : undefined;
    this.#lanes = { early: this.#early, final: this.#final };
    const lanes = this.#final === undefined ? [this.#early] : [this.#early, this.#final];
    this.retentionMs = Math.max(this.#horizonMs, ...lanes.map((lane) => lane.retentionMs));
    const prints = lanes.flatMap((lane) => lane.fingerprints);
    this.lineage = Object.fromEntries(
      prints.map((print) => [print, lineage[print] ?? { generation: 0, since: null }]),
    );
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
    const late = event.at <= watermark;
    const output = noOutput();
    if (event.at < watermark - this.#horizonMs) {
      return this.#step(state, output, { disposition: "too_late", late, judgement: undefined });
    }
    if (watermark > this.#expiresAt(state)) resetKeyState(state, this.#lanes);
    if (state.dueAt <= watermark) this.#fireAll(state, watermark, output);
    const recent = state.early.logs[0] as EventLog;
    if (knowsId(this.#early.layout, recent, event.id)) {
      return this.#step(state, output, { disposition: "duplicate", late, judgement: undefined });
    }
    const judgement = this.#judge(state, event, { watermark, late, output });
    if (event.at > state.latestAt) state.latestAt = event.at;
    state.dueAt = this.#dueAt(state);
    if (state.dueAt <= watermark) this.#fireAll(state, watermark, output);
    return this.#step(state, output, { disposition: "judged", late, judgement });
  }

  #judge(
    state: KeyState,
    event: StreamEvent,
    given: { readonly watermark: number; readonly late: boolean; readonly output: Output },
  ): Judgement {
    const { watermark, late, output } = given;
    const context = this.#context(state, watermark);
    const judgement = judge(this.#early, state.early, { event, context, output });
    if (this.#final === undefined || state.final === undefined) return judgement;
    if (this.#final.isOrderFree) collect(this.#final, state.final, { event, context, output });
    else if (late) {
      if (this.#takesLate(event, context)) this.#judgeFinally(state, event, { context, output });
    } else {
      if (state.waiting.length === 0) state.waiting = [];
      insertByTime(state.waiting, event, (waiting) => waiting.at);
    }
    return judgement;
  }

  advance(state: KeyState, watermark: number): StepTail {
    const output = noOutput();
    if (state.dueAt <= watermark) this.#fireAll(state, watermark, output);
    return tailOf(output, { dueAt: state.dueAt, expiresAt: this.#expiresAt(state) });
  }

  encode(state: KeyState): Uint8Array {
    return this.#codec.encode(state);
  }

  decode(bytes: Uint8Array): KeyState {
    const state = this.#codec.decode(bytes);
    state.dueAt = this.#dueAt(state);
    return state;
  }

  /** Fires what is due, one time after the other, so that the result is the same at any pace. */
  #fireAll(state: KeyState, watermark: number, output: Output): void {
    for (let due = state.dueAt; due <= watermark; due = state.dueAt) {
      this.#fire(state, due, { due, context: this.#context(state, due), output });
      state.dueAt = this.#dueAt(state);
    }
  }

  #fire(state: KeyState, due: number, step: Firing): void {
    const { output } = step;
    firePatterns(this.#early, state.early, step);
    fireWindows(this.#early, state.early, step);
    if (this.#final === undefined || state.final === undefined) return;
    firePatterns(this.#final, state.final, step);
    for (let event = state.waiting[0]; event !== undefined; event = state.waiting[0]) {
      if (event.at > due) break;
      state.waiting.shift();
      this.#judgeFinally(state, event, { context: this.#context(state, due - 1), output });
    }
    fireWindows(this.#final, state.final, step);
  }

  /** A late event is judged finally within the allowed lateness, or while its window is open. */
  #takesLate(event: StreamEvent, { closedUpTo }: JudgeContext): boolean {
    if (event.at > closedUpTo) return true;
    return this.#final?.buckets.some(({ window }) => takes(window, event.at, closedUpTo)) === true;
  }

  #judgeFinally(
    state: KeyState,
    event: StreamEvent,
    step: { readonly context: JudgeContext; readonly output: Output },
  ): void {
    if (this.#final === undefined || state.final === undefined) return;
    const judgement = judge(this.#final, state.final, { event, ...step });
    sayFinally(judgement, step.context, step.output);
  }

  #context(state: KeyState, watermark: number): JudgeContext {
    return {
      stream: this.#pack.stream,
      limits: this.#limits,
      watermark,
      closedUpTo: watermark - this.#latenessMs,
      incomplete: state.early.incomplete,
    };
  }

  #dueAt(state: KeyState): number {
    const first = state.waiting[0]?.at ?? Number.POSITIVE_INFINITY;
    let due = Math.min(first, laneDueAt(this.#early, state.early));
    if (this.#final !== undefined && state.final !== undefined) {
      due = Math.min(due, laneDueAt(this.#final, state.final));
    }
    return due;
  }

  #expiresAt(state: KeyState): number {
    return state.latestAt === Number.NEGATIVE_INFINITY
      ? Number.POSITIVE_INFINITY
      : state.latestAt + this.retentionMs;
  }

  #step(state: KeyState, output: Output, given: Omit<Reception, "stream">): Step {
    const reception = { ...given, stream: this.#pack.stream };
    return new JudgedStep(reception, output, {
      dueAt: state.dueAt,
      expiresAt: this.#expiresAt(state),
    });
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
