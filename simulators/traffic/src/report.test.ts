import { describe, expect, test } from "@jest/globals";
import type { PlannedOrder } from "./plan.ts";
import { renderReport } from "./render-report.ts";
import { isComplete, type RunRecord, reportOn } from "./report.ts";
import type { StoryName } from "./stories/story.ts";

const startedAtMs = Date.UTC(2026, 0, 1);

function sentOrder(n: number, story: StoryName, telling = 0) {
  const item: PlannedOrder = {
    atMs: 1_000 * n,
    story,
    telling,
    card: 0,
    items: [{ sku: "TEA", quantity: 1 }],
    amountMinor: 300,
    idempotencyKey: `key-${n}`,
  };
  const result = { status: 202, orderId: `order-${n}` as string | null, attempts: 1 };
  return { item, intendedMs: item.atMs, sentMs: item.atMs + 1, endedMs: item.atMs + 11, result };
}

const view = (status: string) => ({
  status,
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.250Z",
});

const refused = {
  ...sentOrder(4, "ordinary"),
  result: { status: 503, orderId: null, attempts: 5 },
};
const sent = [
  sentOrder(1, "velocity"),
  sentOrder(2, "velocity"),
  sentOrder(3, "ordinary"),
  refused,
];
const alert = { ruleId: "velocity-60s", customerId: "c", action: "REVIEW" };
const run: RunRecord = {
  seed: "7",
  startedAtMs,
  durationMs: 4_000,
  plan: { currency: "USD", cards: [], orders: sent.map(({ item }) => item) },
  sent,
  orders: new Map([
    ["order-1", view("confirmed")],
    ["order-2", view("under_review")],
    ["order-3", view("processing")],
  ]),
  alerts: [
    { ...alert, orderId: "order-2", receivedAtMs: startedAtMs + 2_120 },
    { ...alert, orderId: "another", receivedAtMs: startedAtMs },
  ],
};

describe("the report", () => {
  const report = reportOn(run);

  test("counts what was sent, accepted and repeated, and how orders ended", () => {
    expect(report.orders).toEqual({
      planned: 4,
      sent: 4,
      accepted: 3,
      retries: 4,
      byStatus: { "202": 3, "503": 1 },
    });
    expect(report.outcomes).toEqual({ confirmed: 1, under_review: 1, unsettled: 1 });
    expect(isComplete(report)).toBe(false);
  });

  test("gives every alert to the story of the order that caused it", () => {
    expect(report.stories.find(({ story }) => story === "velocity")).toEqual({
      story: "velocity",
      tellings: 1,
      orders: 2,
      tellingsAlerted: 1,
      alerts: 1,
      alertsByRule: { "velocity-60s": 1 },
      outcomes: { confirmed: 1, under_review: 1 },
    });
    expect(report.foreignAlerts).toBe(1);
  });

  test("measures from the intended moment of the order", () => {
    expect(report.orderToAlertMs).toEqual({ count: 1, p50: 120, p95: 120, p99: 120, max: 120 });
    expect(report.acceptanceMs).toMatchObject({ count: 3, p50: 11 });
    expect(report.settlementMs).toMatchObject({ count: 2, p50: 250 });
  });

  test("says when alerts were not watched", () => {
    const blind = reportOn({ ...run, alerts: null });
    expect(blind.orderToAlertMs).toBeNull();
    expect(renderReport(blind)).toContain("not watched");
  });

  test("is readable", () => {
    const text = renderReport(report);
    expect(text).toContain("3 of 4 accepted (3 202, 1 503), 4 retries");
    expect(text).toMatch(/velocity +1 +1 +2 +1 +1 confirmed, 1 under_review +1 velocity-60s/);
  });

  test("of a run in which all went well is complete", () => {
    const [first, second] = run.sent;
    const good = { ...run, sent: [first, second].flatMap((one) => (one ? [one] : [])) };
    const orders = good.sent.map(({ item }) => item);
    expect(isComplete(reportOn({ ...good, plan: { ...run.plan, orders } }))).toBe(true);
  });
});
