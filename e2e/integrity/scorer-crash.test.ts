import type { Events } from "@holdfast/contracts";
import { testStack, waitFor } from "@holdfast/testkit";
import { afterAll, expect, test } from "@jest/globals";
import { readEvents } from "../support/events.ts";
import { placeOrder, readOrder, registerCard, waitForStatus } from "../support/shop.ts";

const customerId = "cust_demo_041";
const { control } = testStack();

afterAll(async () => {
  if (control.pid("fraud-scoring") === null) await control.start("fraud-scoring");
});

/** Orders above $100: from the third within a minute on, the velocity rule wants a review. */
async function behaveLikeAThief(): Promise<string[]> {
  const paymentMethodId = await registerCard(customerId);
  const orders: string[] = [];
  for (let index = 0; index < 4; index += 1) {
    orders.push(await placeOrder({ customerId, paymentMethodId, sku: "SKU-COFFEE-MILL" }));
  }
  return orders;
}

/** An amount so small that it is authorised without a verdict. */
async function buyAMug(): Promise<string> {
  const paymentMethodId = await registerCard(customerId);
  return placeOrder({ customerId, paymentMethodId, sku: "SKU-MUG" });
}

async function fallbacks(orders: readonly string[]): Promise<string[]> {
  const spoken = [
    ...(await readEvents("payments", "PaymentHeld")),
    ...(await readEvents("payments", "PaymentAuthorized")),
  ].filter(
    ({ orderId, verdictSource }) => verdictSource === "FALLBACK" && orders.includes(orderId),
  );
  return spoken.map(({ orderId }) => orderId);
}

async function captured(orders: readonly string[]): Promise<Events["PaymentCaptured"][]> {
  const captures = await readEvents("payments", "PaymentCaptured");
  return captures.filter(({ orderId }) => orders.includes(orderId));
}

test("a scorer that is killed opens no window: nothing is captured without its word, and the alert follows", async () => {
  const watched = await buyAMug();
  await waitForStatus(watched, "confirmed");
  await control.stop("fraud-scoring", "SIGKILL");
  const thief = await behaveLikeAThief();
  const mug = await buyAMug();
  const orders = [...thief, mug];

  await waitFor(async () => new Set(await fallbacks(orders)).size === orders.length, {
    limitMs: 60_000,
    everyMs: 500,
    what: "the fallback's word on each order",
  });
  expect(await captured(orders)).toEqual([]);
  for (const order of thief) expect((await readOrder(order)).status).toBe("under_review");

  await control.start("fraud-scoring");
  await waitFor(async () => (await readOrder(mug)).status === "confirmed", {
    limitMs: 60_000,
    what: "the real verdict on the small order",
  });
  const [first = "", second = "", third = "", fourth = ""] = thief;
  await waitForStatus(first, "confirmed");
  await waitForStatus(second, "confirmed");
  const alerts = (await readEvents("fraud-alerts", "FraudAlertRaised")).filter(({ orderId }) =>
    thief.includes(orderId ?? ""),
  );
  expect(alerts).toMatchObject([{ orderId: third, ruleId: "velocity-60s", action: "REVIEW" }]);
  for (const order of [third, fourth]) expect((await readOrder(order)).status).toBe("under_review");

  const approved = (await readEvents("fraud-decisions", "FraudDecided"))
    .filter(({ outcome }) => outcome === "APPROVE")
    .map(({ paymentId }) => paymentId);
  const captures = await captured(orders);
  expect(captures.map(({ orderId }) => orderId).toSorted()).toEqual(
    [first, second, mug].toSorted(),
  );
  for (const { paymentId } of captures) expect(approved).toContain(paymentId);
}, 180_000);

test("a scorer that dies by kill -9 while payments come in gives each of them its word once it is back", async () => {
  const paymentMethodId = await registerCard(customerId);
  const buy = () => placeOrder({ customerId, paymentMethodId, sku: "SKU-MUG" });
  const before = [await buy(), await buy()];
  await control.signal("fraud-scoring", "SIGKILL");
  const after = [await buy(), await buy()];
  const orders = [...before, ...after];
  await waitFor(
    async () => {
      const decided = await readEvents("fraud-decisions", "FraudDecided");
      const words = decided.filter(({ orderId }) => orders.includes(orderId ?? ""));
      return new Set(words.map(({ decisionId }) => decisionId)).size === orders.length;
    },
    { limitMs: 60_000, everyMs: 500, what: "a decision on each order" },
  );
}, 120_000);
