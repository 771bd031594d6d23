const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of `250ms`, `60s`, `10m`, `1h30m`, `30d`; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    total += Number(digits) * (unitMs[unit ?? ""] ?? Number.NaN);
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

const words: readonly (readonly [number, string])[] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
  [1, "millisecond"],
];

/** `60000` as "60 seconds", `90 minutes` as such: the largest unit that gives at least 2, or 1. */
export function describeDuration(ms: number): string {
  for (const [size, word] of words) {
    if (ms % size !== 0) continue;
    const count = ms / size;
    if (count === 1 && size === 60_000) return "60 seconds";
    if (count >= 1) return `${count} ${word}${count === 1 ? "" : "s"}`;
  }
  return `${ms} milliseconds`;
}
