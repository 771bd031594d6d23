import type { z } from "zod";
import type { PaymentEvent } from "../domain/events.ts";
import type { PaymentState, PaymentStatus } from "../domain/payment.ts";
import { decisionIdOf, reasonsOf } from "../domain/verdict.ts";
import type { StoredPayment } from "../store/payments.ts";
import type { AnalystPaymentHistory, AnalystPaymentView, CustomerPaymentView } from "./schemas.ts";

type Shown = Pick<StoredPayment, "payment"> & { readonly updatedAt: number };

type CustomerStatus = z.output<typeof CustomerPaymentView>["status"];

const customerStatus: Record<PaymentStatus, CustomerStatus> = {
  awaiting_verdict: "processing",
  authorizing: "processing",
  provisional: "processing",
  held: "under_review",
  authorized: "authorized",
  capturing: "authorized",
  captured: "captured",
  declined: "declined",
  abandoning: "voided",
  voiding: "voided",
  voided: "voided",
  refunded: "refunded",
};

/** A payment in neutral words. */
export function customerView({ payment, updatedAt }: Shown): z.output<typeof CustomerPaymentView> {
  const { paymentId, orderId, amountMinor, currency } = payment.terms;
  return {
    paymentId,
    orderId,
    status: customerStatus[payment.state.status],
    amountMinor,
    currency,
    createdAt: isoTime(payment.requestedAt),
    updatedAt: isoTime(updatedAt),
  };
}

/** A payment with what it rests on. */
export function analystView({ payment, updatedAt }: Shown): z.output<typeof AnalystPaymentView> {
  const { terms, verdict, state } = payment;
  const { cardFingerprint, card, paymentMethodId: _, ...amounts } = terms;
  return {
    ...amounts,
    status: state.status,
    refundedMinor: refundedMinorOf(state),
    card: { fingerprint: cardFingerprint, ...card },
    verdict: verdict && {
      source: verdict.source,
      outcome: verdict.outcome,
      decisionId: decisionIdOf(verdict),
      reasons: [...reasonsOf(verdict)],
    },
    reason: "reason" in state ? state.reason : null,
    holdExpiresAt: state.status === "held" ? isoTime(state.holdExpiresAt) : null,
    createdAt: isoTime(payment.requestedAt),
    updatedAt: isoTime(updatedAt),
  };
}

/** A payment with everything that happened to it. */
export function analystHistory(
  shown: Shown,
  events: readonly PaymentEvent[],
): z.output<typeof AnalystPaymentHistory> {
  const history = events.map((event) => {
    // The first event repeats all that the view has; the rest is told as it was.
    if (event.type === "PaymentRequested") return { type: event.type, at: isoTime(event.at) };
    return { ...event, at: isoTime(event.at) };
  });
  return { ...analystView(shown), history };
}

function refundedMinorOf(state: PaymentState): number {
  return state.status === "captured" || state.status === "refunded" ? state.refundedMinor : 0;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
