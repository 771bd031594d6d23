import type { Events } from "@holdfast/contracts";
import type { Tx, WorkQueue } from "@holdfast/outbox";
import { partitionOfKey } from "./domain/card-partition.ts";
import type { PaymentCommand } from "./domain/commands.ts";
import { decide, requestPayment } from "./domain/decide.ts";
import type { PaymentEvent } from "./domain/events.ts";
import { evolve } from "./domain/evolve.ts";
import { type ExchangeTable, toBaseMinor, UnknownCurrency } from "./domain/money.ts";
import { type Owed, owedAfter, type Step, type TimerName } from "./domain/owed.ts";
import type { Payment, PaymentTerms } from "./domain/payment.ts";
import type { Policy } from "./domain/policy.ts";
import { countEvents } from "./metrics.ts";
import type { PublishPaymentEvent } from "./publish.ts";
import { isOrderCancelled, rememberCancelledOrder } from "./store/cancelled-orders.ts";
import { postEvents } from "./store/ledger.ts";
import { findPaymentMethod } from "./store/payment-methods.ts";
import {
  insertStoredPayment,
  lockPayment,
  type PaymentKey,
  updateStoredPayment,
} from "./store/payments.ts";

/** A provider step that is owed, as the queue keeps it. */
export type StepTask = Step & { readonly paymentId: string };

/** A timer that is set, as the queue keeps it. */
export interface TimerTask {
  readonly paymentId: string;
  readonly timer: TimerName;
}

/** What the payments need of the world. */
export interface PaymentsOptions {
  readonly policy: Policy;
  readonly exchange: ExchangeTable;
  /** Partitions of card-activity. */
  readonly partitions: number;
  readonly ids: { next(): string };
  readonly clock: { now(): number };
  readonly publish: PublishPaymentEvent;
  readonly steps: Pick<WorkQueue<StepTask>, "schedule">;
  readonly timers: Pick<WorkQueue<TimerTask>, "schedule" | "cancel">;
}

/** Carries commands out: decide, store, publish and owe what follows, all in the caller's transaction. */
export interface Payments {
  /**
   * Begins the payment of an order; an order that has one already is left alone. When the payment
   * method or the currency is not known here, PaymentDeclined is published and nothing is stored.
   */
  request(tx: Tx, order: Events["OrderPlaced"]): Promise<void>;
  /**
   * Does what a command asks of a payment and resolves to the payment after it, undefined when there is
   * none. Throws IllegalTransition. Commands on one payment wait for each other.
   */
  execute(tx: Tx, key: PaymentKey, command: PaymentCommand): Promise<Payment | undefined>;
  /** Cancels an order's payment; remembers an order whose payment has not begun. */
  cancel(tx: Tx, orderId: string): Promise<void>;
}

/** Makes the payments of this service. */
export function createPayments(options: PaymentsOptions): Payments {
  const { policy, partitions, ids, clock, publish } = options;
  const owe = workScheduler(options);

  const follow = async (
    tx: Tx,
    payment: Payment | undefined,
    events: readonly PaymentEvent[],
  ): Promise<void> => {
    let before = payment;
    for (const event of events) {
      const after = evolve(before, event);
      await publish(tx, event, after);
      for (const work of owedAfter(event, { before, after }, policy))
        await owe(tx, after.terms.paymentId, work);
      before = after;
    }
    countEvents(tx, events, payment);
  };

  const execute: Payments["execute"] = async (tx, key, command) => {
    const stored = await lockPayment(tx, key);
    if (stored === undefined) return undefined;
    const events = decide(stored.payment, command, policy);
    if (events.length === 0) return stored.payment;
    const payment = events.reduce<Payment>(evolve, stored.payment);
    const added = { events, version: stored.version };
    await updateStoredPayment(tx, payment, added);
    await postEvents(tx, payment, added);
    await follow(tx, stored.payment, events);
    return payment;
  };

  return {
    request: async (tx, order) => {
      if ((await lockPayment(tx, order)) !== undefined) return;
      const terms = await termsOf(tx, order, options);
      if (terms === undefined) return declineUnpayable(tx, order, options);
      const orderCancelled = await isOrderCancelled(tx, order.orderId);
      const events = requestPayment(
        { ...terms, paymentId: ids.next() },
        {
          at: clock.now(),
          orderCancelled,
        },
      );
      const payment = events.reduce<Payment | undefined>(evolve, undefined) as Payment;
      const cardPartition = partitionOfKey(terms.cardFingerprint, partitions);
      await insertStoredPayment(tx, payment, { events, cardPartition });
      await follow(tx, undefined, events);
    },
    execute,
    cancel: async (tx, orderId) => {
      const at = clock.now();
      const payment = await execute(tx, { orderId }, { type: "CancelPayment", at });
      if (payment === undefined) await rememberCancelledOrder(tx, orderId, at);
    },
  };
}

async function termsOf(
  tx: Tx,
  order: Events["OrderPlaced"],
  { exchange }: PaymentsOptions,
): Promise<Omit<PaymentTerms, "paymentId"> | undefined> {
  const { orderId, customerId, merchantId, paymentMethodId, amountMinor, currency } = order;
  const method = await findPaymentMethod(tx.query, paymentMethodId);
  const baseAmountMinor = knownBaseMinor(amountMinor, currency, exchange);
  if (method?.customerId !== customerId || baseAmountMinor === undefined) return undefined;
  const { cardFingerprint, brand, first6, last4 } = method;
  return {
    orderId,
    customerId,
    merchantId,
    paymentMethodId,
    cardFingerprint,
    card: { brand, first6, last4 },
    amountMinor,
    currency,
    baseAmountMinor,
    baseCurrency: exchange.base,
  };
}

function knownBaseMinor(
  amountMinor: number,
  currency: string,
  exchange: ExchangeTable,
): number | undefined {
  try {
    return toBaseMinor(amountMinor, currency, exchange);
  } catch (error) {
    if (error instanceof UnknownCurrency) return undefined;
    throw error;
  }
}

// Order has checked both, so this means that the two services disagree: the order must still end.
async function declineUnpayable(
  tx: Tx,
  { orderId, customerId, amountMinor, currency }: Events["OrderPlaced"],
  { ids, clock }: PaymentsOptions,
): Promise<void> {
  const event = {
    paymentId: ids.next(),
    orderId,
    customerId,
    amountMinor,
    currency,
    reason: "INVALID_REQUEST",
    verdictSource: "UNKNOWN",
    decisionId: null,
    reasons: [],
    occurredAt: clock.now(),
  } satisfies Events["PaymentDeclined"];
  await tx.publish("payments", "PaymentDeclined", event, { key: customerId, entityId: orderId });
}

function workScheduler({ steps, timers }: PaymentsOptions) {
  return async (tx: Tx, paymentId: string, work: Owed): Promise<void> => {
    switch (work.kind) {
      case "step":
        return steps.schedule(tx, {
          key: stepKey(paymentId, work.step),
          payload: { ...work.step, paymentId },
        });
      case "timer":
        return timers.schedule(tx, {
          key: `${paymentId}/${work.timer}`,
          payload: { paymentId, timer: work.timer },
          dueAt: work.dueAt,
        });
      case "timer-off":
        await timers.cancel(tx, `${paymentId}/${work.timer}`);
    }
  };
}

/** Names a step for ever: its key in the queue and, with the provider, its Idempotency-Key. */
export function stepKey(paymentId: string, step: Step): string {
  const suffix = step.step === "refund" ? `/${step.refundId}` : "";
  return `${paymentId}/${step.step}${suffix}`;
}
