import { describe, expect, test } from "@jest/globals";
import { judge, type LagSample, noLagHistory, remember } from "./consumer-lag.ts";

const windowMs = 30_000;
const stepMs = 5_000;

type Look = readonly [committed: number, end: number, members?: number];

/** Looks every five seconds. */
function after(looks: readonly Look[]) {
  const samples = looks.map(([committedOffset, endOffset, members = 1], index): LagSample => {
    return { atMs: index * stepMs, committedOffset, endOffset, members };
  });
  const history = samples.reduce(
    (known, sample) => remember(known, sample, windowMs),
    noLagHistory,
  );
  return judge(history, windowMs);
}

const times = (count: number, look: (index: number) => Look): Look[] =>
  Array.from({ length: count }, (_, index) => look(index));

describe("a consumer group on a partition", () => {
  test.each<[string, Look[], string]>([
    ["keeps up", times(10, (i) => [i * 10, i * 10]), "ok"],
    ["was caught up a moment ago", [...times(7, (): Look => [5, 5]), [5, 900, 0]], "ok"],
    ["is behind and catching up", times(10, (i) => [i * 100, 1_000 + i]), "ok"],
    ["is slow", times(10, (i) => [i, 10 + i * 10]), "lagging"],
    ["is behind by as much as before", times(10, (i) => [i * 10, i * 10 + 50]), "ok"],
    ["hangs while the log grows", times(10, (i) => [3, 10 + i]), "stalled"],
    ["hangs before a log that stands still", times(10, () => [3, 10]), "stalled"],
    ["has gone", times(10, (i) => [3, 10 + i, 0]), "stopped"],
    ["hung and then was dropped", times(10, (i) => [3, 10, i < 8 ? 1 : 0]), "stopped"],
    ["has gone and come back just now", times(10, (i) => [3, 10, i === 9 ? 1 : 0]), "stalled"],
    ["moves again after a stall", [...times(8, (): Look => [3, 10]), [4, 10]], "ok"],
    ["is behind for less than the window", times(6, (i) => [3, 10 + i]), "ok"],
    ["has rewound", times(10, (i) => [50 - i, 100]), "stalled"],
  ])("that %s", (_, looks, status) => {
    expect(after(looks).status).toBe(status);
  });

  test("is behind by the records between its offset and the end", () => {
    expect(after([[3, 10]]).records).toBe(7);
    expect(after([[12, 10]]).records).toBe(0);
  });
});

describe("lag in seconds", () => {
  test.each<[string, Look[], number]>([
    ["is 0 without lag", times(10, (i) => [i, i]), 0],
    [
      "is the age of the oldest record that is not committed",
      times(10, (i) => [i * 5, i * 10]),
      22.5,
    ],
    ["grows while nobody commits", times(10, (i) => [0, i * 10]), 45],
    [
      "starts when the log grows after a pause",
      [...times(5, (): Look => [5, 5]), [5, 6], [5, 6]],
      10,
    ],
    ["starts with the first look at old lag", times(3, () => [0, 100]), 10],
  ])("%s", (_, looks, seconds) => {
    expect(after(looks).seconds).toBeCloseTo(seconds);
  });

  test("does not shrink when days of lag are remembered more coarsely", () => {
    expect(after(times(5_000, (i) => [0, i])).seconds).toBeGreaterThan(24_900);
  });
});
