/** Whether a predicate of the pattern must or must not hold. */
export type Literal = { readonly predicate: number; readonly expect: boolean };

/** A conjunction of literals that as a whole must or must not hold. */
export type Clause = { readonly all: readonly Literal[]; readonly expect: boolean };

/** All clauses must be satisfied; the empty guard always is. */
export type Guard = readonly Clause[];

/** `take` consumes the event, `ignore` lets it pass, `proceed` moves on and looks at it again. */
export type Action = "take" | "ignore" | "proceed";

export type Edge = { readonly action: Action; readonly target: State; guard: Guard };

/** `stop` kills the run that reaches it; `pending` becomes a match when its time is over. */
export type StateKind = "start" | "normal" | "pending" | "stop" | "final";

export type State = {
  readonly id: number;
  kind: StateKind;
  /** Index of the stage; its events are recorded under that. */
  readonly stage: number;
  readonly edges: Edge[];
};

/** The state and those that an event reaches from it without being taken; never a stop. */
function passable(start: State): ReadonlySet<State> {
  const found = new Set([start]);
  for (const from of found) {
    for (const { action, target } of from.edges) {
      if (action === "proceed" && target.kind !== "stop") found.add(target);
    }
  }
  return found;
}

/** The edges that could take the next event. */
export function takesFrom(start: State): readonly { readonly edge: Edge; readonly from: State }[] {
  return [...passable(start)].flatMap((from) =>
    from.edges.flatMap((edge) => (edge.action === "take" ? [{ edge, from }] : [])),
  );
}

export function literal(predicate: number, expect = true): Guard {
  return [{ all: [{ predicate, expect }], expect: true }];
}

/** The guard that holds when this one does not; this one must be a single conjunction. */
export function negated(literals: readonly Literal[]): Clause {
  return { all: literals, expect: false };
}
