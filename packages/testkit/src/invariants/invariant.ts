import type { Facts } from "./facts.ts";

/** Facts that contradict an invariant: what must hold, and the records that show that it does not. */
export interface Breach {
  readonly rule: string;
  readonly records: readonly unknown[];
}

/** Something that is true of every suite at rest, whatever has failed before. */
export interface Invariant {
  /** I1 to I15. */
  readonly name: string;
  readonly promise: string;
  /** Pure; empty when it holds. */
  readonly check: (facts: Facts) => readonly Breach[];
}

/** A breach for the records that break the rule; none when there are none. */
export function breach(rule: string, records: Iterable<unknown>): Breach[] {
  const found = [...records];
  return found.length === 0 ? [] : [{ rule, records: found }];
}

/** The sum of a number per name. */
export function sumBy<T>(
  items: Iterable<T>,
  nameOf: (item: T) => string,
  numberOf: (item: T) => number,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const item of items) {
    const name = nameOf(item);
    sums.set(name, (sums.get(name) ?? 0) + numberOf(item));
  }
  return sums;
}

/** The groups that have more than one member. */
export function repeated<T>(items: Iterable<T>, nameOf: (item: T) => string): T[][] {
  return [...Map.groupBy(items, nameOf).values()].filter((group) => group.length > 1);
}

/** A record's place, as one text. */
export function placeOf(at: { topic: string; partition: number; offset: string }): string {
  return `${at.topic}-${at.partition}@${at.offset}`;
}
