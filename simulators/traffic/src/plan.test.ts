import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { createCatalogue } from "./catalogue.ts";
import { type PlanOptions, planTraffic } from "./plan.ts";
import { fraudStories } from "./stories/story.ts";

const seed = join(import.meta.dirname, "../../../infra/seed/catalogue.json");
const catalogue = createCatalogue(JSON.parse(readFileSync(seed, "utf8")).products);
const options: PlanOptions = {
  seed: "7",
  startedAtMs: Date.UTC(2026, 0, 1),
  rate: 20,
  durationMs: 120_000,
  catalogue,
};
const plan = planTraffic(options);

describe("a plan", () => {
  test("follows from its seed and start alone", () => {
    expect(planTraffic(options)).toEqual(plan);
    expect(planTraffic({ ...options, seed: "8" }).orders).not.toEqual(plan.orders);
  });

  test("of another start has the same orders, but fresh cards and keys", () => {
    const other = planTraffic({ ...options, startedAtMs: options.startedAtMs + 1 });
    const contents = ({ orders }: typeof plan) =>
      orders.map(({ idempotencyKey, ...order }) => order);
    expect(contents(other)).toEqual(contents(plan));
    const numbers = (of: typeof plan) =>
      of.cards.flatMap((card) => (card.kind === "fresh" ? [card.card.number] : []));
    expect(numbers(other).filter((number) => numbers(plan).includes(number))).toEqual([]);
    const keys = new Set([...plan.orders, ...other.orders].map((order) => order.idempotencyKey));
    expect(keys.size).toBe(plan.orders.length + other.orders.length);
  });

  test("has the rate that was asked for, in ascending order", () => {
    expect(plan.orders.length).toBeGreaterThan(0.9 * 2_400);
    expect(plan.orders.length).toBeLessThan(1.1 * 2_400);
    const times = plan.orders.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test("tells every story several times, each with a card of its own", () => {
    for (const story of fraudStories) {
      const orders = plan.orders.filter((order) => order.story === story);
      const tellings = Map.groupBy(orders, ({ telling }) => telling);
      expect(tellings.size).toBeGreaterThanOrEqual(3);
      for (const ofOne of tellings.values()) {
        expect(new Set(ofOne.map(({ card }) => card)).size).toBe(1);
        expect(plan.cards[ofOne[0]?.card ?? 0]?.kind).toBe("fresh");
      }
    }
    const fraud = plan.orders.filter(({ story }) => story !== "ordinary");
    const cards = new Set(fraud.map(({ card }) => card));
    const tellings = new Set(fraud.map(({ story, telling }) => `${story} ${telling}`));
    expect(cards.size).toBe(tellings.size);
  });

  test("keeps stories a small part of slow traffic", () => {
    const slow = planTraffic({ ...options, rate: 1, durationMs: 600_000 }).orders;
    const fraud = slow.filter(({ story }) => story !== "ordinary").length;
    expect(fraud / slow.length).toBeLessThan(0.3);
    expect(fraud).toBeGreaterThan(0);
  });

  test("registers only numbers that pass the Luhn check", () => {
    for (const card of plan.cards) {
      if (card.kind === "fresh") expect(luhnSum(card.card.number) % 10).toBe(0);
    }
  });
});

function luhnSum(number: string): number {
  return [...number].reverse().reduce((sum, digit, index) => {
    const value = index % 2 === 0 ? Number(digit) : Number(digit) * 2;
    return sum + (value > 9 ? value - 9 : value);
  }, 0);
}
