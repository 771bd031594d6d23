import type { RuleDefinition, RulePack } from "../rules/definition.ts";
import type { StreamEvent } from "../stream.ts";
import { insertByTime } from "../window/join.ts";
import { StateCodec } from "./codec.ts";
import { compileLane } from "./compile-lane.ts";
import { finalOfEvent, firePatterns, fireWindows, laneDueAt } from "./fire.ts";
import { knowsId, rememberId } from "./ids.ts";
import { judge } from "./judge.ts";
import type { JudgeContext } from "./judge-context.ts";
import type { Judgement, Output } from "./judgement.ts";
import type { CompiledLane } from "./lane-plan.ts";
import { type KeyState, type LaneState, newKeyState, resetKeyState } from "./state.ts";
import { JudgedStep, noOutput } from "./step.ts";
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
  readonly #early: CompiledLane | undefined;
  readonly #final: CompiledLane | undefined;
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
      });
    const allFinal = options.time === "final";
    const early = running.filter((rule) => rule.emit.time !== "final");
    const final = running.filter((rule) => rule.emit.time !== "early");
    this.#early = allFinal ? undefined : compiled("early", early);
    this.#final = allFinal
      ? compiled("final", running)
      : final.length > 0
        ? compiled("final", final)
        : undefined;
    const lanes = [this.#early, this.#final].filter((lane) => lane !== undefined);
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
    return newKeyState({ early: this.#early, final: this.#final });
  }

  process(state: KeyState, event: StreamEvent, watermark: number): Step {
    const late = event.at <= watermark;
    if (event.at < watermark - this.#horizonMs) {
      return this.#step({ disposition: "too_late", late }, state, noOutput());
    }
    if (watermark > this.#expiresAt(state)) resetKeyState(state, this.newState());
    const output = noOutput();
    if (state.dueAt <= watermark) this.#fireAll(state, watermark, output);
    if (knowsId(state.ids, event.id)) {
      return this.#step({ disposition: "duplicate", late }, state, output);
    }
    const reached = Number.isFinite(watermark) ? watermark : state.latestAt;
    const oldest = reached - this.#horizonMs;
    rememberId(state.ids, event, { oldest, bytes: this.#limits.idBytes });
    const context = this.#context(state, watermark);
    let judgement: Judgement | undefined;
    if (this.#early !== undefined && state.early !== undefined) {
      judgement = judge(this.#early, state.early, { event, context, output });
    }
    if (this.#final !== undefined && state.final !== undefined) {
      if (!late) insertByTime(state.waiting, event, (waiting) => waiting.at);
      else if (event.at > watermark - this.#latenessMs) {
        this.#judgeFinally(state, event, { context, output });
      }
    }
    if (event.at > state.latestAt) state.latestAt = event.at;
    state.dueAt = this.#dueAt(state);
    if (state.dueAt <= watermark) this.#fireAll(state, watermark, output);
    return this.#step({ disposition: "judged", late, judgement }, state, output);
  }

  advance(state: KeyState, watermark: number): StepTail {
    const output = noOutput();
    if (state.dueAt <= watermark) this.#fireAll(state, watermark, output);
    return this.#tail(state, output);
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
      this.#fire(state, due, { context: this.#context(state, due), output });
      state.dueAt = this.#dueAt(state);
    }
  }

  #fire(
    state: KeyState,
    due: number,
    step: { readonly context: JudgeContext; readonly output: Output },
  ): void {
    this.#eachLane(state, (lane, of) => firePatterns(lane, of, { due, ...step }));
    const context = this.#context(state, due - 1);
    while (state.waiting[0] !== undefined && state.waiting[0].at <= due) {
      const event = state.waiting.shift();
      if (event !== undefined) this.#judgeFinally(state, event, { ...step, context });
    }
    this.#eachLane(state, (lane, of) => fireWindows(lane, of, { due, ...step }));
  }

  #eachLane(state: KeyState, visit: (lane: CompiledLane, of: LaneState) => void): void {
    if (this.#early !== undefined && state.early !== undefined) visit(this.#early, state.early);
    if (this.#final !== undefined && state.final !== undefined) visit(this.#final, state.final);
  }

  #judgeFinally(
    state: KeyState,
    event: StreamEvent,
    step: { readonly context: JudgeContext; readonly output: Output },
  ): void {
    if (this.#final === undefined || state.final === undefined) return;
    const judgement = judge(this.#final, state.final, { event, ...step });
    step.output.finals.push(finalOfEvent(judgement, step.context));
  }

  #context(state: KeyState, watermark: number): JudgeContext {
    return {
      stream: this.#pack.stream,
      limits: this.#limits,
      watermark,
      closedUpTo: watermark - this.#latenessMs,
      incomplete: state.ids.incomplete,
    };
  }

  #dueAt(state: KeyState): number {
    let due = state.waiting[0]?.at ?? Number.POSITIVE_INFINITY;
    this.#eachLane(state, (lane, of) => {
      due = Math.min(due, laneDueAt(lane, of));
    });
    return due;
  }

  #expiresAt(state: KeyState): number {
    return state.latestAt === Number.NEGATIVE_INFINITY
      ? Number.POSITIVE_INFINITY
      : state.latestAt + this.retentionMs;
  }

  #tail(state: KeyState, output: Output): StepTail {
    const dueAt = Number.isFinite(state.dueAt) ? state.dueAt : undefined;
    return { ...output, dueAt, expiresAt: this.#expiresAt(state) };
  }

  #step(
    head: {
      readonly disposition: Step["disposition"];
      readonly late: boolean;
      readonly judgement?: Judgement | undefined;
    },
    state: KeyState,
    output: Output,
  ): Step {
    const { stream } = this.#pack;
    return new JudgedStep(head, this.#tail(state, output), { judgement: head.judgement, stream });
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
