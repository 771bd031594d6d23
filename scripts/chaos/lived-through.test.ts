import { expect, test } from "@jest/globals";
import { livedThrough } from "./lived-through.ts";
import type { Strike } from "./strikes.ts";

const strike = (name: string, beganAtMs: number, recoveryMs: number | null): Strike => ({
  fault: { name, mustAccept: true, strike: async () => undefined },
  beganAtMs,
  mendedAtMs: beganAtMs + 10,
  recovery: Promise.resolve(recoveryMs),
});

const placed = (sentAtMs: number, atOnce = true) => ({
  sentAtMs,
  atOnce,
  accepted: true,
  tookMs: 500,
});

const limits = { recoveryMs: 1_000, retryMs: 0 };

const report = async (...args: Parameters<typeof livedThrough>) =>
  (await livedThrough(...args)).map(({ fault, orders, acceptedInTime }) => [
    fault,
    orders,
    acceptedInTime,
  ]);

test("orders count for a fault from its beginning until the suite is itself again", async () => {
  const placements = [placed(99), placed(100), placed(115, false), placed(130), placed(131)];
  expect(await report([strike("a", 100, 20)], placements, limits)).toEqual([["a", 3, 2]]);
});

test("orders count for one fault alone, although the next came before the suite was itself again", async () => {
  const placements = [placed(100), placed(150), placed(9_999, false), placed(10_000, false)];
  const strikes = [strike("a", 100, null), strike("b", 10_000, 50)];
  expect(await report(strikes, placements, limits)).toEqual([
    ["a", 2, 2],
    ["b", 1, 0],
  ]);
});

test("where there is patience, an order that was accepted a little later counts too", async () => {
  const patient = { ...limits, retryMs: 500 };
  expect(await report([strike("a", 100, 20)], [placed(100, false)], patient)).toEqual([
    ["a", 1, 1],
  ]);
});
