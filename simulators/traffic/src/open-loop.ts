import { setTimeout as delay } from "node:timers/promises";

/** The time and waiting that a loop needs. */
export interface LoopTime {
  /** Milliseconds, monotonic. */
  now(): number;
  waitUntil(atMs: number): Promise<void>;
}

const realTime: LoopTime = {
  now: () => performance.now(),
  waitUntil: async (atMs) => {
    const waitMs = atMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
  },
};

/** How one item went; times in ms since the start of the loop. */
export interface Sent<T, R> {
  readonly item: T;
  /** When it should have been sent: delays are counted from here, whatever held the sender up. */
  readonly intendedMs: number;
  readonly sentMs: number;
  readonly endedMs: number;
  readonly result: R;
}

/** What the loop sends and how much may be in the air. */
export interface OpenLoopOptions<T, R> {
  /** Ascending by atMs. */
  readonly items: readonly (T & { readonly atMs: number })[];
  /** Must not reject. */
  readonly send: (item: T) => Promise<R>;
  readonly maxOutstanding: number;
  /** Tests bring their own. */
  readonly time?: LoopTime;
  /** Ends the loop early; what is in the air is awaited. */
  readonly signal?: AbortSignal;
  readonly onSent?: (sent: Sent<T, R>) => void;
}

/**
 * Sends every item at its intended time, however long earlier ones take, so that a slow server meets
 * the load that real customers would bring. Only when `maxOutstanding` are in the air does the next
 * wait, and that wait counts as its delay. Resolves with all that were sent, in order of their end.
 */
export async function runOpenLoop<T, R>(
  options: OpenLoopOptions<T, R>,
): Promise<readonly Sent<T, R>[]> {
  const { items, send, maxOutstanding, time = realTime, signal, onSent } = options;
  const startMs = time.now();
  const sent: Sent<T, R>[] = [];
  const inTheAir = new Set<Promise<void>>();

  const launch = async (item: T & { readonly atMs: number }): Promise<void> => {
    const sentMs = time.now() - startMs;
    const result = await send(item);
    const endedMs = time.now() - startMs;
    const outcome = { item, intendedMs: item.atMs, sentMs, endedMs, result };
    sent.push(outcome);
    onSent?.(outcome);
  };

  for (const item of items) {
    await time.waitUntil(startMs + item.atMs);
    while (inTheAir.size >= maxOutstanding) await Promise.race(inTheAir);
    if (signal?.aborted === true) break;
    const flight = launch(item).finally(() => inTheAir.delete(flight));
    inTheAir.add(flight);
  }
  await Promise.all(inTheAir);
  return sent;
}
