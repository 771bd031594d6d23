import type { CompiledCondition } from "./lane-plan.ts";

/** What is known of an event by its type, and what remains to be found out. */
export type TypePlan = {
  /** Truth of each condition; the type alone decides most, the others are settled event by event. */
  readonly truths: Int8Array;
  /** The mask of what the type decides. */
  readonly words: readonly number[];
  readonly settles: readonly CompiledCondition[];
  readonly isJudged: boolean;
};

/** The plans of a lane by event type; one serves all types that are not declared. */
export class TypePlans {
  readonly #declared: ReadonlyMap<string, TypePlan>;
  readonly #others: TypePlan;
  /** Most events are of the type of the one before. */
  #latestType: string | undefined;
  #latest: TypePlan;

  constructor(declared: ReadonlyMap<string, TypePlan>, others: TypePlan) {
    this.#declared = declared;
    this.#others = others;
    this.#latest = others;
  }

  of(type: string): TypePlan {
    if (type === this.#latestType) return this.#latest;
    this.#latestType = type;
    this.#latest = this.#declared.get(type) ?? this.#others;
    return this.#latest;
  }
}
