import { GraphBuilder, numberPredicates } from "./build.ts";
import { type Edge, type Guard, type State, takesFrom } from "./graph.ts";
import { heapify, offer, poll } from "./heap.ts";
import { checkPattern, type PatternProblem, type PatternSpec } from "./pattern.ts";
import { emptyRuns, type Link, type Run, type Runs } from "./runs.ts";
import { startsBefore, survivors } from "./skip.ts";

/** A stage's condition; it may look at what the run has taken so far, newest link first. */
export type Predicate<E> = (event: E, last: Link<E> | undefined) => boolean;

/** A completed or timed-out sequence. `at` is the time of the event or of the deadline. */
export type Match<E> = { readonly last: Link<E> | undefined; readonly at: number };

/** What one step of an automaton brought. */
export type Outcome<E> = {
  readonly matches: readonly Match<E>[];
  readonly timedOut: readonly Match<E>[];
};

export type RunLimits = { readonly runs: number; readonly matches: number };

/** A pattern that was refused. */
export class PatternError extends Error {
  readonly problems: readonly PatternProblem[];
  constructor(problems: readonly PatternProblem[]) {
    super(problems.map((problem) => problem.message).join(" "));
    this.name = "PatternError";
    this.problems = problems;
  }
}

const nothing: Outcome<never> = { matches: [], timedOut: [] };

/**
 * A compiled pattern with Flink CEP's semantics: immutable, without state, shared by all keys. Per
 * key and time stamp in ascending order call `advance(runs, at)` once, then `process` for each
 * event in order of arrival; at the end `advance` to the watermark.
 */
export class Automaton<E> {
  readonly spec: PatternSpec<Predicate<E>>;
  readonly states: readonly State[];
  readonly #start: State;
  readonly #predicates: readonly Predicate<E>[];
  readonly #withinMs: number;
  /** Per state: a run in it dies so long after its last event. */
  readonly #gaps: readonly number[];
  readonly #limits: RunLimits;
  /** Guards of the edges that take a first event. */
  readonly #beginnings: readonly Guard[];

  /** Throws {@link PatternError}. */
  constructor(
    spec: PatternSpec<Predicate<E>>,
    limits: RunLimits = { runs: Number.POSITIVE_INFINITY, matches: Number.POSITIVE_INFINITY },
  ) {
    const problems = checkPattern(spec);
    if (problems.length > 0) throw new PatternError(problems);
    const predicates = numberPredicates(spec.stages);
    const builder = new GraphBuilder(spec, predicates);
    this.#start = builder.build();
    this.spec = spec;
    this.states = builder.states;
    this.#predicates = predicates.conditions;
    this.#withinMs = spec.withinMs ?? Number.POSITIVE_INFINITY;
    this.#gaps = builder.states.map((state) => gapOf(state, spec));
    this.#limits = limits;
    this.#beginnings = takesFrom(this.#start).map(({ edge }) => edge.guard);
  }

  newRuns(): Runs<E> {
    return emptyRuns(this.#start.id);
  }

  /**
   * Whether an event could begin a match. For callers whose predicates do not look at the event
   * given but at one that they have in place.
   */
  canBegin(event?: E): boolean {
    for (const guard of this.#beginnings) {
      if (this.#opens(guard, event as E, undefined)) return true;
    }
    return false;
  }

  /**
   * Predicates of which one must hold for an event to begin a match; `undefined` where there is no
   * such list.
   */
  openers(): readonly Predicate<E>[] | undefined {
    const openers: Predicate<E>[] = [];
    for (const guard of this.#beginnings) {
      const required = guard.filter(({ expect }) => expect).flatMap(({ all }) => all);
      const number = required.find(({ expect }) => expect)?.predicate;
      const predicate = this.#predicates[number ?? -1];
      if (predicate === undefined) return undefined;
      openers.push(predicate);
    }
    return openers;
  }

  /** Applies one event of the key. Runs whose time is over are left for `advance` to judge. */
  process(runs: Runs<E>, event: E, at: number): Outcome<E> {
    const sequence = runs.sequence++;
    const completed: Run<E>[] = [];
    const active: Run<E>[] = [];
    for (const run of runs.active) {
      if (at >= this.#deadline(run)) this.#add(active, run);
      else this.#step({ run, event, at, sequence }, active, completed);
    }
    runs.active = this.#bounded(runs, active);
    const matches = this.#release(runs, completed, at);
    return matches.length === 0 ? nothing : { matches, timedOut: [] };
  }

  /** Judges what `at` decides: partial matches time out, trailing absences become matches. */
  advance(runs: Runs<E>, at: number): Outcome<E> {
    if (this.dueAt(runs, "any") > at) return nothing;
    const active: Run<E>[] = [];
    const completed: Run<E>[] = [];
    const timedOut: Match<E>[] = [];
    for (const run of runs.active) {
      const deadline = this.#deadline(run);
      if (at < deadline) this.#add(active, run);
      else if (this.states[run.state]?.kind === "pending") this.#add(completed, run);
      else timedOut.push({ last: run.last, at: deadline });
    }
    runs.active = active;
    return { matches: this.#release(runs, completed, at), timedOut };
  }

  /** Drops the oldest runs beyond the bound; the waiting start is none of them. */
  #bounded(runs: Runs<E>, active: Run<E>[]): Run<E>[] {
    const excess = active.length - 1 - this.#limits.runs;
    if (excess <= 0) return active;
    runs.overflowed = true;
    const oldest = [...active].sort(
      (a, b) => a.startAt - b.startAt || a.startSequence - b.startSequence,
    );
    const dropped = new Set(oldest.slice(0, excess));
    return heapify(
      active.filter((run) => !dropped.has(run)),
      startsBefore,
    );
  }

  /** Without a skip strategy the order of runs means nothing. */
  #add(runs: Run<E>[], run: Run<E>): void {
    if (this.spec.skip.kind === "none") runs.push(run);
    else offer(runs, run, startsBefore);
  }

  /**
   * Time at which `advance` next does something: anything, or (`match`) something that can bring
   * out a match; `Infinity` when never.
   */
  dueAt(runs: Runs<E>, what: "any" | "match"): number {
    let due = Number.POSITIVE_INFINITY;
    const held = runs.completed.length > 0;
    for (const run of runs.active) {
      if (what === "match" && !held && this.states[run.state]?.kind !== "pending") continue;
      due = Math.min(due, this.#deadline(run));
    }
    return due;
  }

  #deadline(run: Run<E>): number {
    const gapMs = this.#gaps[run.state] ?? Number.POSITIVE_INFINITY;
    return Math.min(run.startAt + this.#withinMs, run.lastAt + gapMs);
  }

  /** Hands out completed matches, all at once or as the skip strategy orders. */
  #release(runs: Runs<E>, completed: readonly Run<E>[], at: number): readonly Match<E>[] {
    const matches: Match<E>[] = [];
    if (this.spec.skip.kind === "none") {
      for (const { last } of completed) this.#report(runs, matches, { last, at });
      return matches;
    }
    for (const run of completed) offer(runs.completed, run, startsBefore);
    for (let first = runs.completed[0]; first !== undefined; first = runs.completed[0]) {
      const earliest = runs.active[0];
      if (earliest !== undefined && startsBefore(earliest, first)) break;
      poll(runs.completed, startsBefore);
      const keep = survivors<E>(this.spec, first);
      runs.active = heapify(runs.active.filter(keep), startsBefore);
      runs.completed = heapify(runs.completed.filter(keep), startsBefore);
      this.#report(runs, matches, { last: first.last, at });
    }
    return matches;
  }

  #report(runs: Runs<E>, matches: Match<E>[], match: Match<E>): void {
    if (matches.length < this.#limits.matches) matches.push(match);
    else runs.overflowed = true;
  }

  /** Moves one run past the event; the start stays, whatever else comes of it. */
  #step(step: Step<E>, active: Run<E>[], completed: Run<E>[]): void {
    const { run } = step;
    const state = this.states[run.state];
    if (state === undefined) return;
    const next: Run<E>[] = [];
    this.#follow(state, step, next);
    if (run.last === undefined) next.push(run);
    const stopped = next.some((candidate) => this.states[candidate.state]?.kind === "stop");
    for (const candidate of next) {
      if (this.states[candidate.state]?.kind === "final") this.#add(completed, candidate);
      else if (!stopped) this.#add(active, candidate);
    }
  }

  /**
   * Follows the edges that the event opens, then those behind states that can be passed, the last
   * one first: the order in which Flink makes runs.
   */
  #follow(from: State, step: Step<E>, next: Run<E>[]): void {
    const { edges } = from;
    for (let i = 0; i < edges.length; i++) {
      const edge = edges[i] as Edge;
      if (isPassage(edge) || !this.#holds(edge.guard, step)) continue;
      if (edge.action === "take") this.#take(step, { edge, from }, next);
      else if (step.run.last !== undefined) next.push(moved(step.run, edge.target));
    }
    for (let i = edges.length - 1; i >= 0; i--) {
      const edge = edges[i] as Edge;
      if (isPassage(edge) && this.#holds(edge.guard, step)) this.#follow(edge.target, step, next);
    }
  }

  #take(step: Step<E>, via: { edge: Edge; from: State }, next: Run<E>[]): void {
    const { run, event, at, sequence } = step;
    const gap = this.spec.stages[via.from.stage]?.gapMs;
    if (gap !== undefined && at - run.lastAt >= gap) return;
    const first = run.last === undefined;
    const taken: Run<E> = {
      state: via.edge.target.id,
      last: { event, at, sequence, stage: via.from.stage, before: run.last },
      startAt: first ? at : run.startAt,
      startSequence: first ? sequence : run.startSequence,
      lastAt: at,
    };
    next.push(taken);
    const final = this.#finalAfter(via.edge.target, step);
    if (final !== undefined) next.push(moved(taken, final));
  }

  #finalAfter(state: State, step: Step<E>): State | undefined {
    const stack = [state];
    for (let from = stack.pop(); from !== undefined; from = stack.pop()) {
      for (const edge of from.edges) {
        if (edge.action !== "proceed" || !this.#holds(edge.guard, step)) continue;
        if (edge.target.kind === "final") return edge.target;
        stack.push(edge.target);
      }
    }
    return undefined;
  }

  #holds(guard: Guard, step: Step<E>): boolean {
    return this.#opens(guard, step.event, step.run.last);
  }

  /** All clauses must be satisfied; the empty guard always is. */
  #opens(guard: Guard, event: E, last: Link<E> | undefined): boolean {
    for (const { all, expect } of guard) {
      let met = true;
      for (const literal of all) {
        const truth = this.#predicates[literal.predicate]?.(event, last) === true;
        if (truth === literal.expect) continue;
        met = false;
        break;
      }
      if (met !== expect) return false;
    }
    return true;
  }
}

type Step<E> = {
  readonly run: Run<E>;
  readonly event: E;
  readonly at: number;
  readonly sequence: number;
};

/** Whether the event is looked at again behind the edge. */
function isPassage({ action, target }: Edge): boolean {
  return action === "proceed" && target.kind !== "stop";
}

/** The shortest time a run in this state can outlive its last event; `Infinity` without a gap. */
function gapOf<E>(state: State, spec: PatternSpec<Predicate<E>>): number {
  let longest = 0;
  const seen = new Set<State>();
  const stack = [state];
  for (let from = stack.pop(); from !== undefined; from = stack.pop()) {
    if (seen.has(from) || from.kind === "stop") continue;
    seen.add(from);
    const goesOn = from.kind === "pending" || from.edges.some(takesOrEnds);
    const gap = spec.stages[from.stage]?.gapMs ?? Number.POSITIVE_INFINITY;
    if (goesOn) longest = Math.max(longest, gap);
    for (const edge of from.edges) if (edge.action !== "take") stack.push(edge.target);
  }
  return longest === 0 ? Number.POSITIVE_INFINITY : longest;
}

/** A trailing `notNext` ends the match by letting an event pass, which no gap limits. */
function takesOrEnds({ action, target }: Edge): boolean {
  return action === "take" || (action === "ignore" && target.kind === "final");
}

function moved<E>(run: Run<E>, to: State): Run<E> {
  return run.state === to.id ? run : { ...run, state: to.id };
}
