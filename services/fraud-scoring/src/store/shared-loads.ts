import type { Loaded, Wanted } from "./partition-store.ts";

interface Waiting {
  readonly wanted: Wanted;
  readonly resolve: (loaded: Loaded) => void;
  readonly reject: (error: unknown) => void;
}

/** A load of more cards is worth a statement of its own, for which no other partition waits. */
const fewCards = 20;

/**
 * One statement for all small loads of a turn of the event loop: a fetch brings records of several
 * partitions at once, and under a light load the statement costs more than what it reads. `loadAll`
 * answers in the order of what is wanted; when it fails, all of them fail.
 */
export function shareLoads(
  loadAll: (wanted: readonly Wanted[]) => Promise<readonly Loaded[]>,
): (wanted: Wanted) => Promise<Loaded> {
  let waiting: Waiting[] = [];
  const answerAll = async () => {
    const answered = waiting;
    waiting = [];
    try {
      const loaded = await loadAll(answered.map(({ wanted }) => wanted));
      for (const [index, { resolve }] of answered.entries()) resolve(loaded[index] as Loaded);
    } catch (error) {
      for (const { reject } of answered) reject(error);
    }
  };
  return async (wanted) => {
    if (wanted.cards.length > fewCards) return (await loadAll([wanted]))[0] as Loaded;
    const { promise, resolve, reject } = Promise.withResolvers<Loaded>();
    if (waiting.length === 0) setImmediate(answerAll);
    waiting.push({ wanted, resolve, reject });
    return promise;
  };
}
