/** Ids that a test can predict: valid UUIDv7, ascending, the same in every run. */
export interface SequentialIds {
  next(): string;
  /** The nth id (from 1) that next() has given or will give. */
  at(n: number): string;
}

/** Generators with different prefixes (0 to 65535) never give the same id. */
export function createSequentialIds(prefix = 0): SequentialIds {
  const head = prefix.toString(16).padStart(4, "0");
  const at = (n: number): string =>
    `00000000-${head}-7000-8000-${n.toString(16).padStart(12, "0")}`;
  let given = 0;
  return {
    at,
    next: () => {
      given += 1;
      return at(given);
    },
  };
}
