import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { createCatalogue } from "../catalogue.ts";
import { createRandom } from "../random.ts";
import { amountSpike } from "./amount-spike.ts";
import { cardTesting } from "./card-testing.ts";
import { ordinaryOrders } from "./ordinary.ts";
import type { Story, StoryOrder } from "./story.ts";
import { velocity } from "./velocity.ts";

const seed = join(import.meta.dirname, "../../../../infra/seed/catalogue.json");
const catalogue = createCatalogue(JSON.parse(readFileSync(seed, "utf8")).products);
const seeds = Array.from({ length: 12 }, (_, n) => `seed-${n}`);
const tell = (story: Story, of: string, startMs = 0) =>
  story(startMs, { random: createRandom(of), catalogue });
const amounts = (orders: readonly StoryOrder[]) => orders.map(({ amountMinor }) => amountMinor);
const lasts = (orders: readonly StoryOrder[]) =>
  (orders.at(-1)?.atMs ?? 0) - (orders[0]?.atMs ?? 0);

describe.each([
  ["velocity", velocity],
  ["card testing", cardTesting],
  ["amount spike", amountSpike],
])("the story of %s", (_name, story) => {
  test.each(seeds)("is the same for the same seed and time: %s", (of) => {
    expect(tell(story, of, 500)).toEqual(tell(story, of, 500));
  });

  test("begins at its start, and a later start only shifts it", () => {
    const early = tell(story, "seed-1");
    const late = tell(story, "seed-1", 7_000);
    expect(early[0]?.atMs).toBe(0);
    expect(late).toEqual(early.map((order) => ({ ...order, atMs: order.atMs + 7_000 })));
  });

  test("differs between seeds", () => {
    expect(new Set(seeds.map((of) => JSON.stringify(tell(story, of)))).size).toBeGreaterThan(8);
  });

  test("ends within a minute, in ascending order", () => {
    for (const orders of seeds.map((of) => tell(story, of))) {
      expect(lasts(orders)).toBeLessThan(60_000);
      const times = orders.map(({ atMs }) => atMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
  });
});

test.each(seeds)("velocity is at least four orders above 100.00: %s", (of) => {
  const orders = tell(velocity, of);
  expect(orders.length).toBeGreaterThanOrEqual(4);
  for (const amount of amounts(orders)) expect(amount).toBeGreaterThan(10_000);
});

test.each(seeds)("card testing is at least three probes, then one large order: %s", (of) => {
  const all = amounts(tell(cardTesting, of));
  const probes = all.slice(0, -1);
  expect(probes.length).toBeGreaterThanOrEqual(3);
  for (const amount of probes) expect(amount).toBeLessThan(500);
  expect(all.at(-1)).toBeGreaterThan(50_000);
});

test.each(seeds)("an amount spike is far beyond what the card was used for: %s", (of) => {
  const all = amounts(tell(amountSpike, of));
  const habit = all.slice(0, -1);
  expect(habit.length).toBeGreaterThanOrEqual(10);
  const average = habit.reduce((sum, amount) => sum + amount, 0) / habit.length;
  expect(all.at(-1)).toBeGreaterThan(10 * average);
});

describe("ordinary customers", () => {
  const orders = ordinaryOrders({
    random: createRandom("ordinary"),
    catalogue,
    rate: 20,
    durationMs: 300_000,
    cards: 50,
  });
  const byCard = [...Map.groupBy(orders, ({ card }) => card).values()];

  test("come at the rate that was asked for, in ascending order, within the time", () => {
    expect(orders.length).toBeGreaterThan(0.9 * 6_000);
    expect(orders.length).toBeLessThan(1.1 * 6_000);
    const times = orders.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBeLessThanOrEqual(300_000);
  });

  test("never pay twice above 100.00 with one card within a minute", () => {
    for (const ofCard of byCard) {
      const large = ofCard.filter(({ amountMinor }) => amountMinor > 10_000);
      large.slice(1).forEach((order, n) => {
        expect(order.atMs - (large[n]?.atMs ?? 0)).toBeGreaterThan(60_000);
      });
    }
  });

  test("keep to their habits and never probe", () => {
    for (const ofCard of byCard) {
      const all = amounts(ofCard);
      expect(Math.max(...all)).toBeLessThanOrEqual(2.1 * Math.min(...all));
      expect(Math.min(...all)).toBeGreaterThanOrEqual(500);
    }
  });
});
