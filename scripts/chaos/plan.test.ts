import { createRandom } from "@holdfast/traffic";
import { describe, expect, test } from "@jest/globals";
import { type Action, type OrderAction, planActions } from "./plan.ts";

const plan = (seed: string): Action[] =>
  planActions({
    random: createRandom(seed),
    ratePerSecond: 20,
    seconds: 60,
    cards: 50,
    scarce: ["scarce-1", "scarce-2"],
    plentiful: ["plenty"],
    dear: ["dear"],
  });

const ordersOf = (actions: readonly Action[]) =>
  actions.filter((action): action is OrderAction => action.kind === "order");

describe("the plan of a round", () => {
  const actions = plan("seed");
  const orders = ordersOf(actions);
  const share = (twist: OrderAction["twist"]) =>
    orders.filter((order) => order.twist === twist).length / orders.length;

  test("is the same for the same seed, and another for another", () => {
    expect(plan("seed")).toEqual(actions);
    expect(plan("other")).not.toEqual(actions);
  });

  test("is in the order of time and brings about the rate that was asked for", () => {
    const times = actions.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(orders.length).toBeGreaterThan(1_050);
    expect(orders.length).toBeLessThan(1_350);
  });

  test.each([
    ["again", 0.1],
    ["twice at once", 0.1],
    ["other body", 0.02],
    ["invalid", 0.01],
  ] as const)("has a share of orders that come %s", (twist, expected) => {
    expect(Math.abs(share(twist) - expected)).toBeLessThan(0.03);
  });

  test("gives every order a key of its own and no basket the same product twice", () => {
    expect(new Set(orders.map(({ key }) => key)).size).toBe(orders.length);
    for (const { items } of orders) {
      expect(new Set(items.map(({ sku }) => sku)).size).toBe(items.length);
    }
  });

  test("has fraud in it: several dear payments on one card within seconds", () => {
    const dear = orders.filter(({ items }) => items[0]?.sku === "dear");
    expect(dear).toHaveLength(16);
  });

  test("has all the other things that people do", () => {
    const kinds = new Set(actions.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(["order", "cancel", "refund", "review", "restock", "read"]));
  });
});
