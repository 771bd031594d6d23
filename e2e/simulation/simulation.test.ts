import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { describeFailure, findFailure, replay } from "./check.ts";
import { plants } from "./plants.ts";
import { scenarios } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const minuteMs = 60_000;

test(
  "money and stock are right at the end of 200 scenarios of 50 orders, whatever fails meanwhile",
  async () => {
    const series = { seed: Math.floor(Math.random() * 2 ** 31), runs: 200, orders: 50 };
    process.stderr.write(`simulation seed ${series.seed}\n`);
    const failure = await findFailure(series);
    expect(failure === undefined ? "" : describeFailure(failure, series)).toBe("");
  },
  4 * minuteMs,
);

test("the same scenario takes the same course", async () => {
  const [scenario] = fc.sample(scenarios(30), 1);
  if (scenario === undefined) throw new Error("no scenario");
  const [first, second] = [await simulate(scenario), await simulate(scenario)];
  expect(second.fingerprint).toBe(first.fingerprint);
});

test.each(plants)("a bug is seen: $name", async ({ bug, seenBy }) => {
  const seen = new Set<string>();
  for (const scenario of fc.sample(scenarios(30), { seed: 1, numRuns: 40 })) {
    const { violations } = await simulate(scenario, bug);
    for (const { invariant } of violations) seen.add(invariant);
    if (seenBy.some((invariant) => seen.has(invariant))) return;
  }
  throw new Error(`Broken: ${[...seen].join(", ") || "nothing"}; expected ${seenBy.join(" or ")}`);
});

test(
  "a failure shrinks to fewer orders, and its path leads back to it",
  async () => {
    const bug = plants.find(({ name }) => name === "a void that is never sent")?.bug;
    const series = { seed: 1, runs: 5, orders: 30, shrinkMs: 10_000 };
    const failure = await findFailure(series, bug);
    expect(failure?.scenario.orders.length).toBeLessThan(series.orders);
    const again = await replay({ ...series, path: failure?.path ?? "" }, bug);
    expect(again).toEqual(failure);
  },
  minuteMs,
);
