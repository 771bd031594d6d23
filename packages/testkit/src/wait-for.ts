import { setTimeout as delay } from "node:timers/promises";

/** How long to wait, how often to look, and what to call it when it does not come true. */
export interface WaitOptions {
  readonly limitMs: number;
  /** Default 20 ms. */
  readonly everyMs?: number;
  /** What is waited for, for the failure's message. */
  readonly what?: string;
}

/**
 * Resolves with the first value of `condition` that is neither undefined, null nor false. A condition
 * that throws is tried again; after `limitMs` rejects with what was waited for and the last error.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { limitMs, everyMs = 20, what = "the condition" }: WaitOptions,
): Promise<Exclude<T, undefined | null | false>> {
  const endsAt = performance.now() + limitMs;
  let lastError: unknown;
  do {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) {
        return value as Exclude<T, undefined | null | false>;
      }
    } catch (error) {
      lastError = error;
    }
    await delay(everyMs);
  } while (performance.now() < endsAt);
  throw new Error(`${what} did not come true within ${limitMs} ms`, { cause: lastError });
}
