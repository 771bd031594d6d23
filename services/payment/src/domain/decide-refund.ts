import type { RecordRefund, RefundPayment } from "./commands.ts";
import type { PaymentEvent } from "./events.ts";
import { type Captured, IllegalTransition, type Payment, type PaymentTerms } from "./payment.ts";

/** Gives back everything that is, or is about to be, captured. */
export function returnAll({ terms, state }: Payment, at: number, reason: string): PaymentEvent[] {
  if (state.status !== "capturing" && state.status !== "captured") return [];
  if (state.refundRest !== null) return [];
  const owed: PaymentEvent = { type: "RefundOwed", at, reason };
  if (state.status === "capturing" || state.refund !== null) return [owed];
  return [owed, startRefund(terms, { at, alreadyMinor: state.refundedMinor, reason })];
}

/** Refunds all that is left; it happens at most once, so the payment's own id can name it. */
export function startRefund(
  { paymentId, amountMinor }: PaymentTerms,
  { at, alreadyMinor, reason }: { at: number; alreadyMinor: number; reason: string },
): PaymentEvent {
  const restMinor = amountMinor - alreadyMinor;
  return { type: "RefundStarted", at, refundId: paymentId, amountMinor: restMinor, reason };
}

/** Part or all of a capture is to go back. Throws RefundExceedsCapture. */
export function refund({ terms, state }: Payment, command: RefundPayment): PaymentEvent[] {
  const { at, refundId, amountMinor, reason } = command;
  if (state.status !== "captured" || state.refund !== null || state.refundRest !== null) {
    throw new IllegalTransition(command.type, state.status);
  }
  const restMinor = terms.amountMinor - state.refundedMinor;
  if (amountMinor < 1 || amountMinor > restMinor) {
    throw new RefundExceedsCapture(amountMinor, restMinor);
  }
  return [{ type: "RefundStarted", at, refundId, amountMinor, reason }];
}

/** A refund of more than what is left of the capture, or of nothing. */
export class RefundExceedsCapture extends Error {
  override readonly name = "RefundExceedsCapture";
  readonly restMinor: number;

  constructor(amountMinor: number, restMinor: number) {
    super(`Cannot refund ${amountMinor}: ${restMinor} is left of the capture`);
    this.restMinor = restMinor;
  }
}

/** The provider paid a refund back. */
export function recordRefund({ terms, state }: Payment, command: RecordRefund): PaymentEvent[] {
  const { at, refundId } = command;
  if (state.status !== "captured" || state.refund?.refundId !== refundId) return [];
  const refundedTotalMinor = state.refundedMinor + state.refund.amountMinor;
  const refunded: PaymentEvent = {
    type: "PaymentRefunded",
    at,
    ...state.refund,
    refundedTotalMinor,
  };
  return [refunded, ...refundRestAfter(terms, state, { at, refundedTotalMinor })];
}

function refundRestAfter(
  terms: PaymentTerms,
  { refundRest }: Captured,
  { at, refundedTotalMinor }: { at: number; refundedTotalMinor: number },
): PaymentEvent[] {
  if (refundRest === null || refundedTotalMinor >= terms.amountMinor) return [];
  return [startRefund(terms, { at, alreadyMinor: refundedTotalMinor, reason: refundRest })];
}
