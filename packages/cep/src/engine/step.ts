import type { Action } from "../rules/types.ts";
import type { Stream } from "../stream.ts";
import type { Judgement, Output } from "./judgement.ts";
import type { Alert, FinalResult, RuleResult, Step, StepTail, TimedOut } from "./types.ts";
import { resultsOf } from "./verdict.ts";

/** A step whose results are put into words only when somebody reads them. */
export class JudgedStep implements Step {
  readonly disposition: Step["disposition"];
  readonly late: boolean;
  readonly outcome: Action;
  readonly score: number;
  readonly alerts: readonly Alert[];
  readonly finals: readonly FinalResult[];
  readonly timedOut: readonly TimedOut[];
  readonly dueAt: number | undefined;
  readonly expiresAt: number;
  readonly #judgement: Judgement | undefined;
  readonly #stream: Stream;
  #results: readonly RuleResult[] | undefined;

  constructor(
    head: { readonly disposition: Step["disposition"]; readonly late: boolean },
    tail: StepTail,
    judged: { readonly judgement: Judgement | undefined; readonly stream: Stream },
  ) {
    const { judgement } = judged;
    this.disposition = head.disposition;
    this.late = head.late;
    this.outcome = judgement?.outcome ?? "approve";
    this.score = judgement?.score ?? 0;
    this.alerts = tail.alerts;
    this.finals = tail.finals;
    this.timedOut = tail.timedOut;
    this.dueAt = tail.dueAt;
    this.expiresAt = tail.expiresAt;
    this.#judgement = judgement;
    this.#stream = judged.stream;
  }

  get results(): readonly RuleResult[] {
    if (this.#judgement === undefined) return [];
    this.#results ??= resultsOf(this.#judgement, this.#stream);
    return this.#results;
  }
}

export function noOutput(): Output {
  return { alerts: [], finals: [], timedOut: [] };
}
