import { resolve } from "node:path";
import { createFakeClock, useTestDatabase } from "@holdfast/testkit";
import { beforeEach, describe, expect, test } from "@jest/globals";
import type { PaymentEvent } from "../domain/events.ts";
import { replay } from "../domain/evolve.ts";
import type { Payment } from "../domain/payment.ts";
import { seedDemoPaymentMethods } from "../jobs/seed-demo.ts";
import { createCardVault } from "../vault/card-vault.ts";
import { imbalances, postEvents, readBalances } from "./ledger.ts";
import { insertStoredPayment } from "./payments.ts";

const db = useTestDatabase({ migrations: [resolve(import.meta.dirname, "../../migrations")] });
const clock = createFakeClock();
const at = clock.now();
let paymentId: string;

const moves: PaymentEvent[] = [
  { type: "VerdictReceived", at, verdict: { source: "FALLBACK", outcome: "AWAIT" } },
  { type: "AuthorizationStarted", at },
  { type: "AuthorizationGranted", at, authorizationId: "auth-1", amountMinor: 900 },
  { type: "PaymentAuthorized", at, captureAllowed: true },
  { type: "CaptureStarted", at },
  { type: "PaymentCaptured", at, amountMinor: 900, feeMinor: 13 },
  { type: "RefundStarted", at, refundId: "r1", amountMinor: 200, reason: "returned" },
  {
    type: "PaymentRefunded",
    at,
    refundId: "r1",
    amountMinor: 200,
    refundedTotalMinor: 200,
    reason: "returned",
  },
];

beforeEach(async () => {
  await db.clear();
  const vault = createCardVault({ vault: Buffer.alloc(32), fingerprint: Buffer.alloc(32) });
  await seedDemoPaymentMethods({ database: db.database, vault, clock });
  paymentId = db.ids.next();
});

async function store(count: number): Promise<void> {
  const terms = {
    paymentId,
    orderId: db.ids.next(),
    customerId: "cust_demo_001",
    merchantId: "merchant-1",
    paymentMethodId: "pm_demo_001",
    cardFingerprint: "fp_v1_1",
    card: { brand: "visa", first6: "400000", last4: "0010" },
    amountMinor: 900,
    currency: "EUR",
    baseAmountMinor: 972,
    baseCurrency: "USD",
  };
  const events: PaymentEvent[] = [{ type: "PaymentRequested", at, terms }, ...moves];
  const kept = events.slice(0, count + 1);
  const payment = replay(kept) as Payment;
  await db.database.transact(async (tx) => {
    await insertStoredPayment(tx, payment, { events: kept, cardPartition: 0 });
    await postEvents(tx, payment, { events: kept, version: 0 });
  });
}

async function balances(): Promise<Record<string, number>> {
  const read = await readBalances(db.database.read);
  expect(imbalances(read).filter(({ amountMinor }) => amountMinor !== 0)).toEqual([]);
  return Object.fromEntries(read.map(({ account, amountMinor }) => [account, amountMinor]));
}

test("an authorisation stands in clearing against what is held", async () => {
  await store(3);
  expect(await balances()).toEqual({ clearing: 900, held: -900 });
});

test("a capture empties clearing; a refund comes out of what the provider owes", async () => {
  await store(8);
  expect(await balances()).toEqual({
    clearing: 0,
    held: 0,
    provider: 687,
    fees: 13,
    captured: -900,
    refunded: 200,
  });
});

describe("the database refuses", () => {
  const insert = (rows: string) =>
    db.database.transact((tx) =>
      tx.query(
        `INSERT INTO ledger_postings (payment_id, sequence, account, currency, amount_minor)
         SELECT $1, 1, v.* FROM (VALUES ${rows}) AS v`,
        [paymentId],
      ),
    );

  test.each([
    ["one side alone", "('held', 'EUR', 5)", /does not balance/],
    ["two sides that differ", "('held', 'EUR', 5), ('clearing', 'EUR', -4)", /does not balance/],
    ["sides of two currencies", "('held', 'EUR', 5), ('clearing', 'USD', -5)", /does not balance/],
    ["nothing on a side", "('held', 'EUR', 0)", /check constraint/],
    ["an account that there is not", "('tips', 'EUR', 5)", /check constraint/],
  ])("%s", async (_, rows, refusal) => {
    await store(0);
    await expect(insert(rows)).rejects.toThrow(refusal);
    expect(await balances()).toEqual({});
  });

  test("an entry of no event", async () => {
    await expect(insert("('held', 'EUR', 5), ('clearing', 'EUR', -5)")).rejects.toThrow(
      /foreign key/,
    );
  });

  test("changes and deletions", async () => {
    await store(3);
    for (const change of [
      "UPDATE ledger_postings SET amount_minor = -amount_minor",
      "DELETE FROM ledger_postings",
    ]) {
      await expect(db.database.read(change)).rejects.toThrow(/append-only|permission denied/);
    }
  });
});
