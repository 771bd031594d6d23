import type { Database, Tx } from "@holdfast/outbox";
import type { PaymentEvent } from "../../../services/payment/src/domain/events.ts";
import { replay } from "../../../services/payment/src/domain/evolve.ts";
import type { Payment } from "../../../services/payment/src/domain/payment.ts";
import {
  isOrderCancelled,
  rememberCancelledOrder,
} from "../../../services/payment/src/store/cancelled-orders.ts";
import { postEvents } from "../../../services/payment/src/store/ledger.ts";
import { findPaymentMethod } from "../../../services/payment/src/store/payment-methods.ts";
import {
  findPayment,
  insertStoredPayment,
  lockPayment,
  updateStoredPayment,
} from "../../../services/payment/src/store/payments.ts";
import { countDecline, recordCapped } from "../../../services/payment/src/store/rule-governor.ts";
import { type Contract, told } from "./contract.ts";

const paymentId = "00000000-0000-7000-8000-000000000001";
const orderId = "00000000-0000-7000-8000-000000000002";
const at = Date.UTC(2026, 0, 1);
const card = { brand: "visa", first6: "400000", last4: "0010" };
const method = {
  paymentMethodId: "pm_ann",
  customerId: "ann",
  cardFingerprint: "fp_v1_1",
  ...card,
};
const expiry = { expMonth: 12, expYear: 2040 };
const terms = {
  paymentId,
  orderId,
  customerId: "ann",
  merchantId: "shop",
  paymentMethodId: "pm_ann",
  cardFingerprint: "fp_v1_1",
  card,
  amountMinor: 900,
  currency: "USD",
  baseAmountMinor: 900,
  baseCurrency: "USD",
};
const requested: PaymentEvent = { type: "PaymentRequested", at, terms };
const verdict = { source: "FALLBACK", outcome: "AWAIT" } as const;
const later: PaymentEvent[] = [
  { type: "VerdictReceived", at, verdict },
  { type: "AuthorizationStarted", at },
  { type: "AuthorizationGranted", at, authorizationId: "auth-1", amountMinor: 900 },
];
const first = replay([requested]) as Payment;
const second = replay([requested, ...later]) as Payment;

const insert = (tx: Tx, id: string) =>
  insertStoredPayment(
    tx,
    { ...first, terms: { ...terms, paymentId: id } },
    { events: [requested], cardPartition: 0 },
  );
const lockBoth = (database: Database) =>
  database.transact(async (tx) => [
    await lockPayment(tx, { orderId }),
    await lockPayment(tx, { paymentId }),
  ]);

/** What payment's own tables promise. */
export const paymentContract: Contract = {
  seed: {
    rows: { payment_methods: { pm_ann: { ...method, ...expiry } } },
    sql: [
      `INSERT INTO payment_methods VALUES
       ('pm_ann', 'ann', 'fp_v1_1', 'visa', '400000', '0010', 12, 2040, now())`,
    ],
  },
  cases: [
    {
      name: "a payment method is known or not",
      ask: async ({ read }) => [
        await findPaymentMethod(read, "pm_ann"),
        await findPaymentMethod(read, "pm_bob"),
      ],
      expected: [{ ...method, ...expiry }, undefined],
    },
    {
      name: "a payment is found by its id and by its order's, as its history makes it",
      ask: async (database) => {
        const before = await lockBoth(database);
        await database.transact((tx) => insert(tx, paymentId));
        const inserted = await lockBoth(database);
        const added = { events: later, version: 1 };
        await database.transact((tx) => updateStoredPayment(tx, second, added));
        const found = await findPayment(database.read, paymentId);
        return [before, inserted, await lockBoth(database), found?.payment];
      },
      expected: [
        [undefined, undefined],
        Array(2).fill({ payment: first, version: 1 }),
        Array(2).fill({ payment: second, version: 4 }),
        second,
      ],
    },
    {
      name: "an order has one payment, a history one event of each number",
      ask: async (database) => {
        await database.transact((tx) => insert(tx, paymentId));
        const again = { events: later, version: 0 };
        return [
          await told(() => database.transact((tx) => insert(tx, orderId))),
          await told(() => database.transact((tx) => updateStoredPayment(tx, second, again))),
        ];
      },
      expected: ["23505", "23505"],
    },
    {
      name: "a settled step is posted",
      ask: async (database) => {
        await database.transact((tx) => insert(tx, paymentId));
        const added = { events: later, version: 1 };
        return told(() =>
          database.transact(async (tx) => {
            await updateStoredPayment(tx, second, added);
            await postEvents(tx, second, added);
          }),
        );
      },
      expected: undefined,
    },
    {
      name: "a cancellation that came first is remembered",
      ask: (database) =>
        database.transact(async (tx) => {
          const before = await isOrderCancelled(tx, orderId);
          await rememberCancelledOrder(tx, orderId, at);
          await rememberCancelledOrder(tx, orderId, at);
          return [before, await isOrderCancelled(tx, orderId)];
        }),
      expected: [false, true],
    },
    {
      name: "a rule declines as often as its cap says, and is written down as capped once",
      ask: (database) =>
        database.transact(async (tx) => {
          const period = { ruleId: "r1", periodStart: new Date(at), cap: 2 };
          const decline = () => countDecline(tx.query, period);
          const capped = () => recordCapped(tx.query, { ...period, at: new Date(at) });
          return [
            await decline(),
            await decline(),
            await decline(),
            await capped(),
            await capped(),
          ];
        }),
      expected: [true, true, false, true, false],
    },
  ],
};
