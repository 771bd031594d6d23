import type { Action, Guard, Literal, State, StateKind } from "./graph.ts";
import { isNegative, isOptional, type PatternSpec, type Stage } from "./pattern.ts";

/** Predicates of a pattern by number: a stage's `where`, and its `until` if it has one. */
export type Predicates<C> = {
  readonly conditions: readonly C[];
  readonly where: readonly number[];
  readonly until: readonly (number | undefined)[];
};

export function numberPredicates<C>(stages: readonly Stage<C>[]): Predicates<C> {
  const conditions: C[] = [];
  const where = stages.map((stage) => conditions.push(stage.where) - 1);
  const until = stages.map((stage) =>
    stage.until === undefined ? undefined : conditions.push(stage.until) - 1,
  );
  return { conditions, where, until };
}

/** A conjunction; `undefined` is the edge that does not exist. */
type Conjunction = readonly Literal[];
type Optional<T> = T | undefined;

type SingletonOptions = {
  readonly sink: State;
  readonly proceed: Optional<State>;
  readonly take: Conjunction;
  readonly ignore: Optional<Conjunction>;
};

/**
 * Builds the automaton of a pattern from its end to its beginning, as Flink's compiler does
 * (flink-cep, NFACompiler): repeated stages are unrolled, absences become stop states beside the
 * states that wait, an optional stage is a state with a way around it.
 */
export class GraphBuilder<C> {
  readonly states: State[] = [];
  readonly #spec: PatternSpec<C>;
  readonly #predicates: Predicates<C>;
  readonly #stops = new Map<number, State>();
  /** Sinks as they were before a greedy stage narrowed their edges. */
  readonly #unguarded = new Map<State, State>();

  constructor(spec: PatternSpec<C>, predicates: Predicates<C>) {
    this.#spec = spec;
    this.#predicates = predicates;
  }

  /** Returns the start state. */
  build(): State {
    const { stages } = this.#spec;
    let sink = this.#state("final", -1);
    for (let i = stages.length - 1; i > 0; i--) sink = this.#prepend(i, sink);
    const start = this.#convert(0, sink);
    start.kind = "start";
    return start;
  }

  #prepend(stage: number, sink: State): State {
    const { link, gapMs } = this.#stage(stage);
    if (link === "notNext") return this.#notNext(stage, sink);
    if (link !== "notFollowedBy") return this.#convert(stage, sink);
    const timed = this.#spec.withinMs !== undefined || gapMs !== undefined;
    return timed && sink.kind === "final" ? this.#trailingNot(stage) : sink;
  }

  #trailingNot(stage: number): State {
    const pending = this.#state("pending", stage);
    connect(pending, "proceed", { target: this.#stop(stage), guard: this.#where(stage) });
    connect(pending, "ignore", { target: pending, guard: this.#where(stage, false) });
    return pending;
  }

  #notNext(stage: number, sink: State): State {
    const state = this.#state("normal", stage);
    const action = sink.kind === "final" ? "ignore" : "proceed";
    connect(state, action, { target: sink, guard: this.#where(stage, false) });
    connect(state, "proceed", { target: this.#stop(stage), guard: this.#where(stage) });
    return state;
  }

  #convert(stage: number, sink: State): State {
    const { quantifier } = this.#stage(stage);
    const first = this.#unrolled(stage, sink, quantifier);
    this.#addStops(stage, first);
    return first;
  }

  #unrolled(stage: number, sink: State, quantifier: Stage<C>["quantifier"]): State {
    if (quantifier.kind === "one") {
      return this.#singleton(stage, {
        sink,
        proceed: isOptional(this.#stage(stage)) ? sink : undefined,
        take: this.#take(stage, false),
        ignore: this.#ignore(stage),
      });
    }
    const min = Math.max(1, quantifier.min);
    if (quantifier.kind === "times") {
      return this.#times(stage, { sink, proceed: sink, min, max: quantifier.max });
    }
    const loop = this.#loop(stage, this.#withoutNots(stage, sink));
    return this.#times(stage, { sink: loop, proceed: sink, min, max: min });
  }

  /** `max` states in a row, of which those after the first `min` can be left out. */
  #times(stage: number, chain: { sink: State; proceed: State; min: number; max: number }): State {
    const { greedy } = this.#stage(stage);
    const take = this.#take(stage, true);
    const ignore = this.#innerIgnore(stage);
    if (greedy && chain.min !== chain.max) this.#narrow(stage, chain.sink, take);
    let sink = chain.sink;
    for (let i = 1; i < chain.max; i++) {
      const proceed = i <= chain.max - chain.min ? chain.proceed : undefined;
      sink = this.#singleton(stage, { sink, proceed, take, ignore });
      this.#addFollowingStop(stage, sink);
    }
    const proceed = isOptional(this.#stage(stage)) ? chain.proceed : undefined;
    return this.#singleton(stage, { sink, proceed, take, ignore: this.#ignore(stage) });
  }

  #singleton(stage: number, options: SingletonOptions): State {
    const { proceed, take, ignore } = options;
    const state = this.#state("normal", stage);
    const sink = this.#withoutNots(stage, options.sink);
    connect(state, "take", { target: sink, guard: guardOf(take) });
    if (proceed !== undefined) this.#addProceed(stage, state, proceed);
    if (ignore === undefined) return state;
    let waiting = state;
    if (proceed !== undefined) {
      waiting = this.#state("normal", stage);
      connect(waiting, "take", { target: sink, guard: guardOf(take) });
      connect(waiting, "ignore", { target: waiting, guard: guardOf(ignore) });
      this.#addStops(stage, waiting);
    }
    connect(state, "ignore", { target: waiting, guard: guardOf(ignore) });
    return state;
  }

  #addProceed(stage: number, state: State, target: State): void {
    const until = this.#predicates.until[stage];
    if (!this.#stage(stage).greedy || until === undefined) {
      connect(state, "proceed", { target, guard: [] });
      return;
    }
    const unguarded = this.#unguarded.get(target) ?? target;
    connect(state, "proceed", {
      target: unguarded,
      guard: guardOf([{ predicate: until, expect: true }]),
    });
    connect(state, "proceed", { target, guard: guardOf([{ predicate: until, expect: false }]) });
  }

  /** A state that takes again and again, with a twin that waits without moving on. */
  #loop(stage: number, sink: State): State {
    const take = this.#take(stage, true);
    const ignore = this.#innerIgnore(stage);
    const loop = this.#state("normal", stage);
    if (this.#stage(stage).greedy && this.#predicates.until[stage] !== undefined) {
      this.#unguarded.set(sink, this.#copy(sink));
    }
    this.#addProceed(stage, loop, sink);
    if (this.#stage(stage).greedy) addClause(sink, this.#take(stage, false));
    connect(loop, "take", { target: loop, guard: guardOf(take) });
    this.#addFollowingStop(stage, loop);
    if (ignore === undefined) return loop;
    const waiting = this.#state("normal", stage);
    connect(waiting, "take", { target: loop, guard: guardOf(take) });
    connect(waiting, "ignore", { target: waiting, guard: guardOf(ignore) });
    connect(loop, "ignore", { target: waiting, guard: guardOf(ignore) });
    this.#addFollowingStop(stage, waiting);
    return loop;
  }

  /** What a greedy stage could take, the following one must not. */
  #narrow(stage: number, sink: State, take: Conjunction): void {
    if (this.#predicates.until[stage] !== undefined) this.#unguarded.set(sink, this.#copy(sink));
    addClause(sink, take);
  }

  #take(stage: number, repeated: boolean): Conjunction {
    const where = { predicate: this.#predicates.where[stage] ?? 0, expect: true };
    const until = repeated ? this.#predicates.until[stage] : undefined;
    return until === undefined ? [where] : [{ predicate: until, expect: false }, where];
  }

  /** What may pass before the stage's first event; `undefined`: nothing. */
  #ignore(stage: number): Optional<Conjunction> {
    const { link } = this.#stage(stage);
    if (link === "followedByAny") return [];
    if (link !== "followedBy") return undefined;
    return [{ predicate: this.#predicates.where[stage] ?? 0, expect: false }];
  }

  /** What may pass between the events of a repeated stage. */
  #innerIgnore(stage: number): Optional<Conjunction> {
    const { inner } = this.#stage(stage);
    const until = this.#predicates.until[stage];
    const stop = until === undefined ? [] : [{ predicate: until, expect: false }];
    if (inner === "consecutive") return undefined;
    if (inner === "combinations") return stop;
    return [...stop, { predicate: this.#predicates.where[stage] ?? 0, expect: false }];
  }

  /** The absences that hold while the stage waits: those right before it, seen past optionals. */
  #nots(stage: number): readonly number[] {
    const nots: number[] = [];
    for (let i = stage - 1; i >= 0; i--) {
      const before = this.#stage(i);
      if (before.link === "notFollowedBy") nots.push(i);
      else if (!isOptional(before)) break;
    }
    return nots;
  }

  #addStops(stage: number, state: State): void {
    for (const not of this.#nots(stage)) {
      connect(state, "proceed", { target: this.#stop(not), guard: this.#where(not) });
    }
  }

  #addFollowingStop(stage: number, state: State): void {
    const following = this.#spec.stages[stage + 1];
    if (following?.link !== "notFollowedBy") return;
    connect(state, "proceed", { target: this.#stop(stage + 1), guard: this.#where(stage + 1) });
  }

  /** Once an optional stage took an event, the absences before it are settled. */
  #withoutNots(stage: number, sink: State): State {
    const nots = this.#nots(stage);
    if (nots.length === 0 || !isOptional(this.#stage(stage))) return sink;
    const copy = this.#state(sink.kind, sink.stage);
    for (const edge of sink.edges) {
      const { target } = edge;
      if (edge.action !== "proceed") {
        connect(copy, edge.action, { target: target === sink ? copy : target, guard: edge.guard });
      } else if (target.kind !== "stop") {
        connect(copy, "proceed", { target: this.#withoutNots(stage, target), guard: edge.guard });
      } else if (!nots.includes(target.stage)) {
        connect(copy, "proceed", { target, guard: edge.guard });
      }
    }
    return copy;
  }

  #copy(state: State): State {
    const copy = this.#state(state.kind, state.stage);
    for (const { action, target, guard } of state.edges) {
      connect(copy, action, { target: target === state ? copy : target, guard });
    }
    return copy;
  }

  #stop(stage: number): State {
    const known = this.#stops.get(stage);
    if (known !== undefined) return known;
    const stop = this.#state("stop", stage);
    this.#stops.set(stage, stop);
    return stop;
  }

  #where(stage: number, expect = true): Guard {
    return guardOf([{ predicate: this.#predicates.where[stage] ?? 0, expect }]);
  }

  #stage(index: number): Stage<C> {
    const stage = this.#spec.stages[index];
    if (stage === undefined) throw new RangeError(`The pattern has no stage ${index}.`);
    return stage;
  }

  #state(kind: StateKind, stage: number): State {
    const state: State = { id: this.states.length, kind, stage, edges: [] };
    this.states.push(state);
    return state;
  }
}

function guardOf(all: Conjunction): Guard {
  return all.length === 0 ? [] : [{ all, expect: true }];
}

function connect(from: State, action: Action, edge: { target: State; guard: Guard }): void {
  from.edges.push({ action, ...edge });
}

function addClause(state: State, forbidden: Conjunction): void {
  for (const edge of state.edges) edge.guard = [...edge.guard, { all: forbidden, expect: false }];
}

export function isPositive<C>(stage: Stage<C>): boolean {
  return !isNegative(stage.link);
}
