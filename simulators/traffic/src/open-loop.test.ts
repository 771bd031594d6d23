import { expect, test } from "@jest/globals";
import { runOpenLoop } from "./open-loop.ts";

/** Time that jumps to whatever is waited for. */
function jumpingTime() {
  let now = 0;
  return {
    now: () => now,
    waitUntil: async (atMs: number) => {
      now = Math.max(now, atMs);
    },
  };
}

const items = [{ atMs: 0 }, { atMs: 10 }, { atMs: 20 }, { atMs: 30 }];

test("sends at the intended times although nothing has been answered yet", async () => {
  const time = jumpingTime();
  const startedAt: number[] = [];
  const answers: (() => void)[] = [];
  const loop = runOpenLoop({
    items,
    maxOutstanding: 10,
    time,
    send: () => {
      startedAt.push(time.now());
      return new Promise<void>((resolve) => {
        answers.push(resolve);
        if (answers.length === items.length) for (const answer of answers) answer();
      });
    },
  });
  expect((await loop).map(({ sentMs }) => sentMs)).toEqual([0, 10, 20, 30]);
  expect(startedAt).toEqual([0, 10, 20, 30]);
});

test("never has more in the air than allowed, and counts the wait as delay", async () => {
  const time = jumpingTime();
  let inTheAir = 0;
  let most = 0;
  const sent = await runOpenLoop({
    items,
    maxOutstanding: 1,
    time,
    send: async () => {
      inTheAir += 1;
      most = Math.max(most, inTheAir);
      await time.waitUntil(time.now() + 100);
      inTheAir -= 1;
    },
  });
  expect(most).toBe(1);
  expect(sent.map(({ intendedMs, sentMs }) => sentMs - intendedMs)).toEqual([0, 90, 180, 270]);
});

test("ends early when told to", async () => {
  const stop = new AbortController();
  const sent = await runOpenLoop({
    items,
    maxOutstanding: 10,
    time: jumpingTime(),
    signal: stop.signal,
    send: async ({ atMs }) => {
      if (atMs === 10) stop.abort();
    },
  });
  expect(sent).toHaveLength(2);
});
