import type { Value } from "../stream.ts";

/** One event that may still find its partner. */
export type JoinEvent = {
  readonly id: string;
  readonly type: string;
  readonly at: number;
  readonly values: readonly Value[];
};

/** Left events with whether they found a partner, and right events, each by time. */
export type JoinState = {
  readonly left: { readonly event: JoinEvent; matched: boolean }[];
  readonly right: JoinEvent[];
};

/** Keeps a list ordered by time, arrivals of one time in order. */
export function insertByTime<T>(list: T[], item: T, at: (item: T) => number): void {
  let place = list.length;
  while (place > 0) {
    const before = list[place - 1];
    if (before === undefined || at(before) <= at(item)) break;
    place--;
  }
  list.splice(place, 0, item);
}
