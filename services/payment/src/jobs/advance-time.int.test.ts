import { resolve } from "node:path";
import { silentLogger } from "@holdfast/telemetry";
import { createFakeClock, useTestDatabase } from "@holdfast/testkit";
import { beforeEach, expect, test } from "@jest/globals";
import { requestPayment } from "../domain/decide.ts";
import { replay } from "../domain/evolve.ts";
import type { Payment } from "../domain/payment.ts";
import { insertStoredPayment } from "../store/payments.ts";
import { createCardVault } from "../vault/card-vault.ts";
import { createTimeAdvancer } from "./advance-time.ts";
import { seedDemoPaymentMethods } from "./seed-demo.ts";

const db = useTestDatabase({ migrations: [resolve(import.meta.dirname, "../../migrations")] });
const clock = createFakeClock();
const idleMs = 10_000;

beforeEach(() => db.clear());

function openAdvancer(database = db.database) {
  return createTimeAdvancer({ database, clock, logger: silentLogger, partitions: 3, idleMs });
}

/** Starts what a process starts, and stops it before it does anything on its own. */
async function opened(database = db.database) {
  const advancer = openAdvancer(database);
  await advancer.start();
  await advancer.stop();
  return advancer;
}

async function requestPaymentIn(cardPartition: number): Promise<void> {
  const vault = createCardVault({ vault: Buffer.alloc(32), fingerprint: Buffer.alloc(32) });
  await seedDemoPaymentMethods({ database: db.database, vault, clock });
  const terms = {
    paymentId: db.ids.next(),
    orderId: db.ids.next(),
    customerId: "cust_demo_001",
    merchantId: "merchant-1",
    paymentMethodId: "pm_demo_001",
    cardFingerprint: "fp_v1_1",
    card: { brand: "visa", first6: "400000", last4: "0010" },
    amountMinor: 1,
    currency: "USD",
    baseAmountMinor: 1,
    baseCurrency: "USD",
  };
  const events = requestPayment(terms, { at: clock.now(), orderCancelled: false });
  const payment = replay(events) as Payment;
  await db.database.transact((tx) => insertStoredPayment(tx, payment, { events, cardPartition }));
}

/** `partition@occurredAt` of every TimeAdvanced so far. */
async function advanced(): Promise<string[]> {
  const rows = await db.published();
  return rows.map(({ partition, event, key, entityId, type }) => {
    expect({ key, entityId, type }).toEqual({
      key: `partition-${partition}`,
      entityId: `partition-${partition}`,
      type: "TimeAdvanced",
    });
    return `${partition}@${(event as { occurredAt: number }).occurredAt}`;
  });
}

test("time goes on where no payment was requested, always one interval behind", async () => {
  await requestPaymentIn(1);
  const advancer = await opened();
  await advancer.runDue();
  const first = clock.now() - idleMs;
  expect(await advanced()).toEqual([`0@${first}`, `2@${first}`]);
  clock.advance(idleMs - 1);
  await advancer.runDue();
  expect(await advanced()).toHaveLength(2);
  clock.advance(1);
  await advancer.runDue();
  const second = clock.now() - idleMs;
  expect((await advanced()).slice(2)).toEqual([`0@${second}`, `1@${second}`, `2@${second}`]);
});

test("however many processes run, each interval is announced once", async () => {
  const advancers = [await opened(), await opened(db.open()), await opened(db.open())];
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(advancers.map((advancer) => advancer.runDue()));
    clock.advance(idleMs);
  }
  const events = await advanced();
  expect(events).toHaveLength(9);
  expect(new Set(events).size).toBe(9);
});
