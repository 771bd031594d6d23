import type { Action } from "../rules/types.ts";
import type { Judgement, Output } from "./judgement.ts";
import type { CompiledRule } from "./lane-plan.ts";
import type { Alert, FinalResult, RuleResult, Step, StepTail, TimedOut } from "./types.ts";
import { isHit, resultOf, resultsOf } from "./verdict.ts";

const noAlerts: readonly Alert[] = [];
const noFinals: readonly FinalResult[] = [];
const noTimedOut: readonly TimedOut[] = [];
const noResults: readonly RuleResult[] = [];
const noHits: readonly string[] = [];

function hitsOf({ lane, values, outcome, score, hits }: Judgement): readonly string[] {
  if (hits === undefined && outcome === "approve" && score === 0) return noHits;
  const hit = lane.rules.filter((rule) => isHit(values[rule.index] ?? 0));
  return hit.map((rule) => rule.definition.id);
}

/** What a step will say, while it is being made; one serves all steps of an engine. */
export type Draft = Output & {
  disposition: Step["disposition"];
  late: boolean;
  judgement: Judgement | undefined;
  /** `Infinity` when nothing waits. */
  dueAt: number;
  expiresAt: number;
};

export function newDraft(): Draft {
  return {
    disposition: "judged",
    late: false,
    judgement: undefined,
    alerts: undefined,
    finals: undefined,
    timedOut: undefined,
    dueAt: Number.POSITIVE_INFINITY,
    expiresAt: Number.POSITIVE_INFINITY,
  };
}

export function tailOf({ alerts, finals, timedOut, dueAt, expiresAt }: Draft): StepTail {
  return {
    alerts: alerts ?? noAlerts,
    finals: finals ?? noFinals,
    timedOut: timedOut ?? noTimedOut,
    dueAt: dueAt === Number.POSITIVE_INFINITY ? undefined : dueAt,
    expiresAt,
  };
}

/** A step whose results are put into words only when somebody reads them. */
export class JudgedStep implements Step {
  declare readonly disposition: Step["disposition"];
  declare readonly late: boolean;
  declare readonly outcome: Action;
  declare readonly score: number;
  declare readonly alerts: readonly Alert[];
  declare readonly finals: readonly FinalResult[];
  declare readonly timedOut: readonly TimedOut[];
  declare readonly dueAt: number | undefined;
  declare readonly expiresAt: number;
  readonly #judgement: Judgement | undefined;
  #results: readonly RuleResult[] | undefined;

  constructor(draft: Draft) {
    const { judgement } = draft;
    this.disposition = draft.disposition;
    this.late = draft.late;
    this.outcome = judgement === undefined ? "approve" : judgement.outcome;
    this.score = judgement === undefined ? 0 : judgement.score;
    this.alerts = draft.alerts ?? noAlerts;
    this.finals = draft.finals ?? noFinals;
    this.timedOut = draft.timedOut ?? noTimedOut;
    this.dueAt = draft.dueAt === Number.POSITIVE_INFINITY ? undefined : draft.dueAt;
    this.expiresAt = draft.expiresAt;
    this.#judgement = judgement;
    this.#results = undefined;
  }

  get hits(): readonly string[] {
    return this.#judgement === undefined ? noHits : hitsOf(this.#judgement);
  }

  get results(): readonly RuleResult[] {
    if (this.#judgement === undefined) return noResults;
    this.#results ??= resultsOf(this.#judgement);
    return this.#results;
  }
}

/** A final verdict, put into words only when somebody reads it. */
export class JudgedFinal implements FinalResult {
  declare readonly at: number;
  declare readonly eventId: string | undefined;
  declare readonly window: FinalResult["window"];
  declare readonly revision: number;
  declare readonly outcome: Action;
  declare readonly score: number;
  readonly #judgement: Judgement;
  readonly #rules: readonly CompiledRule[];

  constructor(
    judgement: Judgement,
    rules: readonly CompiledRule[],
    of: Pick<FinalResult, "window" | "revision">,
  ) {
    const { event } = judgement;
    this.at = event.at;
    this.eventId = event.id === "" ? undefined : event.id;
    this.window = of.window;
    this.revision = of.revision;
    this.outcome = judgement.outcome;
    this.score = judgement.score;
    this.#judgement = judgement;
    this.#rules = rules;
  }

  get hits(): readonly string[] {
    return hitsOf(this.#judgement);
  }

  get results(): readonly RuleResult[] {
    return this.#rules.map((rule) => resultOf(this.#judgement, rule));
  }
}
