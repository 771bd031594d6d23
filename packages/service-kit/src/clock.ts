/** Milliseconds since the epoch. Injected wherever time is read, so that tests own it. */
export interface Clock {
  now(): number;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() };
