/** A seeded source of chance: equal seeds give equal sequences. */
export interface Random {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number from min to max, both included. */
  between(min: number, max: number): number;
  /** One item; throws on an empty list. */
  pick<T>(items: readonly T[]): T;
  /** Time to the next event of a Poisson process with `rate` events per unit of time. */
  exponential(rate: number): number;
  /** An independent source, named so that adding one does not shift the others. */
  fork(name: string): Random;
}

/** Makes a source from a seed. */
export function createRandom(seed: string): Random {
  const next = mulberry32(fnv1a(seed));
  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    between,
    pick: (items) => {
      if (items.length === 0) throw new RangeError("There is nothing to pick from");
      return items[between(0, items.length - 1)] as (typeof items)[number];
    },
    exponential: (rate) => -Math.log(1 - next()) / rate,
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Tommy Ettinger's mulberry32: 32 bits of state, enough for traffic, never for secrets. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
