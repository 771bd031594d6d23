import type { SettlementResult, VerdictSource } from "@holdfast/contracts";
import type { Tx } from "@holdfast/outbox";
import type {
  PaymentEvent,
  PaymentHeld,
  PaymentLabelled,
  PaymentRefunded,
  PaymentReleased,
} from "./domain/events.ts";
import { type ExchangeTable, toBaseMinor } from "./domain/money.ts";
import type { DeclineReason, Payment, VoidReason } from "./domain/payment.ts";
import { decisionIdOf, reasonsOf, type Verdict } from "./domain/verdict.ts";

/** Tells the others about one event; `payment` is the payment after it. */
export type PublishPaymentEvent = (tx: Tx, event: PaymentEvent, payment: Payment) => Promise<void>;

/**
 * The map from the payment's history to topics. To `payments` goes what order must know, under the
 * customer's key; to `card-activity` what the scorer must know, under the card's. What is not listed
 * stays inside.
 */
export function createPublishPaymentEvent(exchange: ExchangeTable): PublishPaymentEvent {
  const settled = settlementPublisher(exchange);
  return async (tx, event, payment) => {
    switch (event.type) {
      case "PaymentRequested":
        return requested(tx, payment);
      case "PaymentAuthorized":
        return authorized(tx, payment, event);
      case "PaymentHeld":
        return held(tx, payment, event);
      case "PaymentReleased":
        return released(tx, payment, event);
      case "PaymentLabelled":
        return labelled(tx, payment, event);
      case "AuthorizationAbandoned":
        // The order need not wait for the provider's return to know that this payment will not be.
        if (event.reason !== "PROVIDER_UNREACHABLE") return;
        return declined(tx, payment, { at: event.at, reason: event.reason });
      case "PaymentDeclined":
        if (event.reason !== "PROVIDER_UNREACHABLE") await declined(tx, payment, event);
        return settled(tx, payment, { ...event, result: "DECLINED" });
      case "PaymentCaptured":
        await tx.publish("payments", "PaymentCaptured", base(payment, event.at), toOrder(payment));
        return settled(tx, payment, { ...event, result: "CAPTURED" });
      case "CaptureRefused": {
        const failed = { ...base(payment, event.at), reason: event.reason };
        await tx.publish("payments", "PaymentCaptureFailed", failed, toOrder(payment));
        return;
      }
      case "PaymentVoided":
        await voided(tx, payment, event);
        return settled(tx, payment, { ...event, result: "VOIDED" });
      case "PaymentRefunded":
        await refunded(tx, payment, event);
        return settled(tx, payment, { ...event, result: "REFUNDED" });
      default:
        return;
    }
  };
}

function toOrder({ terms }: Payment): { key: string; entityId: string } {
  return { key: terms.customerId, entityId: terms.orderId };
}

function toScorer({ terms }: Payment): { key: string; entityId: string } {
  return { key: terms.cardFingerprint, entityId: terms.paymentId };
}

function base({ terms }: Payment, occurredAt: number) {
  const { paymentId, orderId, customerId, amountMinor, currency } = terms;
  return { paymentId, orderId, customerId, amountMinor, currency, occurredAt };
}

function sourceOf(verdict: Verdict | null): VerdictSource {
  return verdict?.source ?? "UNKNOWN";
}

async function requested(tx: Tx, payment: Payment): Promise<void> {
  const { terms, requestedAt } = payment;
  const { paymentMethodId: _, card, ...rest } = terms;
  const event = {
    ...rest,
    cardBrand: card.brand,
    cardFirst6: card.first6,
    cardLast4: card.last4,
    occurredAt: requestedAt,
  };
  await tx.publish("card-activity", "PaymentRequested", event, toScorer(payment));
}

async function authorized(
  tx: Tx,
  payment: Payment,
  { at, captureAllowed }: { at: number; captureAllowed: boolean },
): Promise<void> {
  const { verdict } = payment;
  const event = {
    ...base(payment, at),
    verdictSource: sourceOf(verdict),
    decisionId: decisionIdOf(verdict),
    captureAllowed,
  };
  await tx.publish("payments", "PaymentAuthorized", event, toOrder(payment));
}

async function held(tx: Tx, payment: Payment, { at, holdExpiresAt }: PaymentHeld): Promise<void> {
  const { verdict } = payment;
  const event = {
    ...base(payment, at),
    verdictSource: sourceOf(verdict),
    decisionId: decisionIdOf(verdict),
    reasons: [...reasonsOf(verdict)],
    holdExpiresAt,
  };
  await tx.publish("payments", "PaymentHeld", event, toOrder(payment));
}

async function released(tx: Tx, payment: Payment, event: PaymentReleased): Promise<void> {
  const { releasedBy, reason } = event;
  const released = { ...base(payment, event.at), releasedBy, reason };
  await tx.publish("payments", "PaymentReleased", released, toOrder(payment));
}

async function labelled(tx: Tx, payment: Payment, { at, label }: PaymentLabelled): Promise<void> {
  const { paymentId, cardFingerprint } = payment.terms;
  const event = {
    paymentId,
    cardFingerprint,
    decisionId: decisionIdOf(payment.verdict),
    label,
    source: "ANALYST",
    occurredAt: at,
  } as const;
  await tx.publish("card-activity", "FraudLabelled", event, toScorer(payment));
}

async function declined(
  tx: Tx,
  payment: Payment,
  { at, reason }: { at: number; reason: DeclineReason },
): Promise<void> {
  const { verdict } = payment;
  const event = {
    ...base(payment, at),
    reason,
    verdictSource: sourceOf(verdict),
    decisionId: decisionIdOf(verdict),
    reasons: [...reasonsOf(verdict)],
  };
  await tx.publish("payments", "PaymentDeclined", event, toOrder(payment));
}

async function voided(
  tx: Tx,
  payment: Payment,
  { at, reason }: { at: number; reason: VoidReason },
): Promise<void> {
  // The order has been told already: PaymentDeclined, PaymentCaptureFailed.
  if (reason === "PROVIDER_UNREACHABLE" || reason === "CAPTURE_FAILED") return;
  await tx.publish("payments", "PaymentVoided", { ...base(payment, at), reason }, toOrder(payment));
}

async function refunded(tx: Tx, payment: Payment, event: PaymentRefunded): Promise<void> {
  const { refundId, amountMinor, refundedTotalMinor, reason } = event;
  const refund = { refundId, amountMinor, refundedTotalMinor, reason };
  const published = { ...base(payment, event.at), ...refund };
  await tx.publish("payments", "PaymentRefunded", published, toOrder(payment));
}

interface Settlement {
  readonly at: number;
  readonly result: SettlementResult;
  /** Default: the whole payment. */
  readonly amountMinor?: number;
}

function settlementPublisher(exchange: ExchangeTable) {
  return async (tx: Tx, payment: Payment, settlement: Settlement): Promise<void> => {
    const { paymentId, customerId, cardFingerprint, merchantId, currency } = payment.terms;
    const { at, result, amountMinor = payment.terms.amountMinor } = settlement;
    const event = {
      paymentId,
      customerId,
      cardFingerprint,
      merchantId,
      result,
      amountMinor,
      currency,
      baseAmountMinor: toBaseMinor(amountMinor, currency, exchange),
      baseCurrency: exchange.base,
      occurredAt: at,
    };
    await tx.publish("card-activity", "PaymentSettled", event, toScorer(payment));
  };
}
