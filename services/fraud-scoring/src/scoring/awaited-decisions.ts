/** Somebody's wait for one decision. */
export interface AwaitedDecision {
  /** The framed event, or undefined when the time was up first. */
  within(ms: number): Promise<Buffer | undefined>;
  /** Gives the wait up; call it in any case. */
  forget(): void;
}

type Arrive = (payload: Buffer) => void;

/**
 * Who waits for which decisions in this process. Decisions arrive from the partitions that are scored
 * here and, for those of others, from their topic; one that nobody waits for costs a look-up.
 */
export class AwaitedDecisions {
  readonly #waiting = new Map<string, Set<Arrive>>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** From here on the decision is not missed. */
  expect(decisionId: string): AwaitedDecision {
    const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
    const waiting = this.#waiting.get(decisionId) ?? new Set();
    this.#waiting.set(decisionId, waiting.add(resolve));
    return {
      within: async (ms) => {
        const timer = setTimeout(() => resolve(undefined), ms);
        const payload = await promise;
        clearTimeout(timer);
        return payload;
      },
      forget: () => {
        waiting.delete(resolve);
        if (waiting.size === 0) this.#waiting.delete(decisionId);
      },
    };
  }

  /** Tells all who wait for it. */
  arrived(decisionId: string, payload: Buffer): void {
    for (const arrive of this.#waiting.get(decisionId) ?? []) arrive(payload);
  }
}
