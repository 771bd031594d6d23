import { seededRandom } from "../../../simulators/payment-provider/src/failures.ts";

/** When simulated time begins: 2026-01-01T00:00:00Z. */
export const beginningMs = Date.UTC(2026, 0, 1);

interface Event {
  readonly atMs: number;
  /** Events of the same time happen in the order in which they were asked for. */
  readonly order: number;
  readonly happen: () => void;
}

/**
 * Simulated time and the only source of chance. One event happens at a time; whatever it sets going
 * runs to its next wait before the next event. The same seed and the same calls give the same order.
 */
export class Scheduler {
  readonly random: () => number;
  #nowMs = beginningMs;
  #events: Event[] = [];
  #order = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** Simulated milliseconds since the epoch, with fractions. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** A number between 0 and 1, small ones more often: most things are quick, some take very long. */
  skewed(): number {
    return this.random() ** 4;
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return probability > 0 && this.random() < probability;
  }

  /** Something happens `delayMs` from now. */
  later(delayMs: number, happen: () => void): void {
    this.#order += 1;
    this.#push({ atMs: this.#nowMs + delayMs, order: this.#order, happen });
  }

  /** Lets events happen until none is left or time has come to `untilMs`; true when none is left. */
  run(untilMs: number): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const step = (): void => {
      const next = this.#events[0];
      if (next === undefined || next.atMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, next === undefined ? this.#nowMs : untilMs);
        resolve(next === undefined);
        return;
      }
      this.#pop();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      try {
        next.happen();
      } catch (error) {
        reject(error);
        return;
      }
      // Not before everything that this event set going waits again.
      setImmediate(step);
    };
    setImmediate(step);
    return promise;
  }

  // A binary heap: its first is the earliest.
  #push(event: Event): void {
    const events = this.#events;
    let at = events.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, events[parent] as Event)) break;
      events[at] = events[parent] as Event;
      at = parent;
    }
    events[at] = event;
  }

  #pop(): void {
    const events = this.#events;
    const last = events.pop();
    if (last === undefined || events.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1] as Event, events[child] as Event))
        child += 1;
      if (!isBefore(events[child] as Event, last)) break;
      events[at] = events[child] as Event;
      at = child;
    }
    events[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
