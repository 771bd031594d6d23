import { resolve } from "node:path";
import { type EventName, type Events, type TopicName, topics } from "@holdfast/contracts";
import type { DeliveryContext, Message } from "@holdfast/messaging";
import { buildEvent, createFakeClock, useTestDatabase } from "@holdfast/testkit";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { findOrder, insertOrder } from "../store/orders.ts";
import { countSagasUnderWay } from "../store/sagas-under-way.ts";
import { statusEventsAfter } from "../store/status-events.ts";
import { consumed } from "../wiring.ts";
import { createCarryOut, UnknownOrder } from "./carry-out.ts";
import { createRecordAnswer, ImpossibleAnswer } from "./record-answer.ts";

const db = useTestDatabase({ migrations: [resolve(import.meta.dirname, "../../migrations")] });
const clock = createFakeClock();
const announced: string[] = [];
const record = createRecordAnswer(
  createCarryOut({ clock, announce: (orderId) => announced.push(orderId) }),
);

const orderId = db.ids.at(1_000_000);
const paymentId = "payment-1";
const about = { orderId, customerId: "ann", paymentId };

beforeEach(async () => {
  await db.clear();
  await db.database.read("INSERT INTO customers VALUES ('ann', 'Ann', 'ann@example.com')");
  await db.database.transact((tx) =>
    insertOrder(tx, {
      orderId,
      customerId: "ann",
      paymentMethodId: "pm_ann",
      cart: {
        merchantId: "shop-1",
        currency: "USD",
        totalMinor: 2500,
        lines: [{ sku: "mug", quantity: 2, unitPriceMinor: 1250 }],
      },
      placedAt: clock.now(),
    }),
  );
  announced.length = 0;
});

describe("an order", () => {
  test("is accepted, captured and confirmed", async () => {
    await answer("StockReserved");
    await answer("PaymentAuthorized", { captureAllowed: true });
    await answer("PaymentCaptured");
    expect(await told()).toEqual(["received", "processing", "confirmed"]);
    expect(await decisions()).toEqual([
      { type: "OrderAccepted", key: "ann", entityId: orderId, event: accepted },
      { type: "OrderConfirmed", key: "ann", entityId: orderId, event: accepted },
    ]);
  });

  test("is reviewed and released", async () => {
    await answer("PaymentHeld");
    await answer("StockReserved");
    await answer("PaymentReleased");
    expect(await told()).toEqual(["received", "under_review", "processing"]);
    expect(await decided()).toEqual(["OrderAccepted"]);
  });

  test("is not accepted on a fallback's word", async () => {
    await answer("StockReserved");
    await answer("PaymentAuthorized", { captureAllowed: false });
    expect(await decided()).toEqual([]);
    await answer("PaymentReleased");
    expect(await decided()).toEqual(["OrderAccepted"]);
  });

  const refusals: [EventName, string][] = [
    ["StockRejected", "OUT_OF_STOCK"],
    ["StockReleased", "TIMED_OUT"],
    ["PaymentDeclined", "PAYMENT_DECLINED"],
    ["PaymentVoided", "PAYMENT_VOIDED"],
  ];
  test.each(refusals)("is cancelled on %s because of %s", async (type, reason) => {
    await answer(type);
    expect(await told()).toEqual(["received", "cancelled"]);
    expect(await decisions()).toMatchObject([{ type: "OrderCancelled", event: { reason } }]);
  });

  test("is cancelled when the capture fails", async () => {
    await answer("StockReserved");
    await answer("PaymentAuthorized", { captureAllowed: true });
    await answer("PaymentCaptureFailed");
    expect(await told()).toEqual(["received", "processing", "cancelled"]);
    expect(await decided()).toEqual(["OrderAccepted", "OrderCancelled"]);
  });

  test("stays as it ended, whatever comes late", async () => {
    await answer("StockRejected");
    for (const type of [...topics.stock.events, ...topics.payments.events]) await answer(type);
    expect(await told()).toEqual(["received", "cancelled"]);
    expect(await decided()).toEqual(["OrderCancelled"]);
  });

  test("takes the answers of stock and payment at the same time, once each", async () => {
    const twice = [1, 2].flatMap(() => [
      answer("StockReserved"),
      answer("PaymentAuthorized", { captureAllowed: true }),
    ]);
    await Promise.all(twice);
    expect(await told()).toEqual(["received", "processing"]);
    expect(await decided()).toEqual(["OrderAccepted"]);
  });

  test("is announced at each new status, after the commit", async () => {
    await answer("StockReserved");
    await answer("PaymentAuthorized", { captureAllowed: false });
    await answer("PaymentHeld");
    expect(announced).toEqual([orderId, orderId]);
  });
});

test("a capture that was never asked for is a permanent error and changes nothing", async () => {
  await expect(answer("PaymentCaptured")).rejects.toThrow(ImpossibleAnswer);
  expect(await told()).toEqual(["received"]);
});

test("an answer about an unknown order fails, and is tried again: the order may not be seen yet", async () => {
  const elsewhere = { orderId: db.ids.at(2_000_000) };
  const answering = answer("StockReserved", elsewhere);
  await expect(answering).rejects.toThrow(UnknownOrder);
  await expect(answering).rejects.not.toHaveProperty("permanent");
});

test("orders under way are counted by state, with the stuck among them", async () => {
  const limitsMs = { pending: 60_000, under_review: 60_000, accepted: 60_000 };
  clock.set(Date.now());
  await answer("PaymentHeld");
  expect(await countSagasUnderWay(db.database.read, limitsMs)).toEqual([
    { state: "pending", orders: 0, oldestAgeSeconds: 0, stuck: 0 },
    { state: "under_review", orders: 1, oldestAgeSeconds: expect.any(Number), stuck: 0 },
    { state: "accepted", orders: 0, oldestAgeSeconds: 0, stuck: 0 },
  ]);
  await db.database.read("UPDATE orders SET updated_at = now() - interval '2 minutes'");
  const [, underReview] = await countSagasUnderWay(db.database.read, limitsMs);
  expect(underReview).toMatchObject({ stuck: 1 });
  expect(underReview?.oldestAgeSeconds).toBeGreaterThanOrEqual(120);
});

const accepted = {
  orderId,
  customerId: "ann",
  paymentId,
  amountMinor: 2500,
  currency: "USD",
  occurredAt: clock.now(),
};

const routes = consumed(record);

async function answer<K extends EventName>(type: K, fields: Partial<Events[K]> = {}) {
  const event = buildEvent(type, { ...about, ...fields });
  const route = routes.find(({ topic }) =>
    (topics[topic as TopicName].events as readonly EventName[]).includes(type),
  );
  await db.database.transact(async (tx) =>
    route?.dispatch({ message: { type, event } as Message, tx } as DeliveryContext),
  );
}

async function told(): Promise<string[]> {
  const events = await statusEventsAfter(db.database.read, orderId, 0);
  const last = await findOrder(db.database.read, orderId);
  expect(last?.status).toBe(events.at(-1)?.status);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  return events.map(({ status }) => status);
}

async function decisions() {
  const published = await db.published();
  return published.map(({ type, key, entityId, event }) => ({ type, key, entityId, event }));
}

async function decided(): Promise<string[]> {
  return (await db.published()).map(({ type }) => type);
}
