import type { PaymentCommand, RecordAuthorization, RecordCapture } from "./commands.ts";
import { recordRefund, refund, returnAll, startRefund } from "./decide-refund.ts";
import { fallBack, receiveVerdict, stopAwaitingVerdict } from "./decide-verdict.ts";
import type { PaymentEvent } from "./events.ts";
import { IllegalTransition, type Payment, type PaymentTerms } from "./payment.ts";
import type { Policy } from "./policy.ts";
import type { Verdict } from "./verdict.ts";

/**
 * The events that begin a payment. An order that was cancelled before it was placed here (its
 * cancellation came first) gets a payment that is declined at once, so that the scorer sees the attempt
 * and the provider is never asked.
 */
export function requestPayment(
  terms: PaymentTerms,
  { at, orderCancelled }: { at: number; orderCancelled: boolean },
): PaymentEvent[] {
  const requested: PaymentEvent = { type: "PaymentRequested", at, terms };
  if (!orderCancelled) return [requested];
  return [
    requested,
    { type: "PaymentDeclined", at, reason: "ORDER_CANCELLED", providerCode: null },
  ];
}

/**
 * What a command makes of a payment: the events that follow, none when it changes nothing any more (a
 * repeated answer, a timer that comes late, a compensation that has nothing to undo). Pure.
 * Throws IllegalTransition when the present state refuses the command.
 */
export function decide(payment: Payment, command: PaymentCommand, policy: Policy): PaymentEvent[] {
  switch (command.type) {
    case "ReceiveVerdict":
      return receiveVerdict(payment, command, policy);
    case "FallBack":
      return fallBack(payment, command.at, policy);
    case "StopAwaitingVerdict":
      return stopAwaitingVerdict(payment, command.at, policy);
    case "RecordAuthorization":
      return recordAuthorization(payment, command, policy);
    case "AbandonAuthorization":
      return abandonAuthorization(payment, command.at);
    case "CapturePayment":
      return capture(payment, command.at);
    case "RecordCapture":
      return recordCapture(payment, command);
    case "CancelPayment":
      return cancel(payment, command.at);
    case "RecordVoid":
      return recordVoid(payment, command.at);
    case "ReleaseHold":
    case "DeclineHold":
      return review(payment, command);
    case "ExpireHold":
      return expireHold(payment, command.at);
    case "RefundPayment":
      return refund(payment, command);
    case "RecordRefund":
      return recordRefund(payment, command);
  }
}

function recordAuthorization(
  { terms, verdict, state }: Payment,
  { at, answer }: RecordAuthorization,
  policy: Policy,
): PaymentEvent[] {
  if (state.status !== "authorizing" && state.status !== "abandoning") return [];
  if (answer.outcome === "refused") {
    const reason = state.status === "abandoning" ? declineReasonOf[state.reason] : undefined;
    const providerCode = answer.code;
    return [{ type: "PaymentDeclined", at, reason: reason ?? "PROVIDER_REFUSED", providerCode }];
  }
  const { authorizationId } = answer;
  const { amountMinor } = terms;
  const granted: PaymentEvent = { type: "AuthorizationGranted", at, authorizationId, amountMinor };
  if (state.status === "abandoning") {
    return [granted, { type: "VoidStarted", at, reason: state.reason }];
  }
  return [granted, followAuthorization(verdict, at, policy)];
}

// What an abandoned authorisation that the provider then refuses is declined for.
const declineReasonOf = {
  ORDER_CANCELLED: "ORDER_CANCELLED",
  LATE_DECLINE: "FRAUD",
  PROVIDER_UNREACHABLE: "PROVIDER_UNREACHABLE",
} as const;

function followAuthorization(verdict: Verdict | null, at: number, policy: Policy): PaymentEvent {
  switch (verdict?.outcome) {
    case "APPROVE":
      return { type: "PaymentAuthorized", at, captureAllowed: true };
    case "AWAIT":
      return { type: "PaymentAuthorized", at, captureAllowed: false };
    default:
      return { type: "PaymentHeld", at, holdExpiresAt: at + policy.holdExpiryMs };
  }
}

function abandonAuthorization({ state }: Payment, at: number): PaymentEvent[] {
  if (state.status !== "authorizing") return [];
  return [{ type: "AuthorizationAbandoned", at, reason: "PROVIDER_UNREACHABLE" }];
}

function capture({ state }: Payment, at: number): PaymentEvent[] {
  switch (state.status) {
    case "authorized":
      return [{ type: "CaptureStarted", at }];
    case "capturing":
    case "captured":
    case "refunded":
    // A late decline won the race: PaymentVoided tells the order.
    case "voiding":
    case "voided":
      return [];
    default:
      throw new IllegalTransition("CapturePayment", state.status);
  }
}

function recordCapture({ terms, state }: Payment, command: RecordCapture): PaymentEvent[] {
  const { at, answer } = command;
  const { amountMinor } = terms;
  if (state.status !== "capturing") return [];
  if (answer.outcome === "refused") {
    return [
      { type: "CaptureRefused", at, amountMinor, reason: answer.code },
      { type: "VoidStarted", at, reason: "CAPTURE_FAILED" },
    ];
  }
  const { feeMinor } = answer;
  const captured: PaymentEvent = { type: "PaymentCaptured", at, amountMinor, feeMinor };
  if (state.refundRest === null) return [captured];
  return [captured, startRefund(terms, { at, alreadyMinor: 0, reason: state.refundRest })];
}

function cancel(payment: Payment, at: number): PaymentEvent[] {
  switch (payment.state.status) {
    case "awaiting_verdict":
      return [{ type: "PaymentDeclined", at, reason: "ORDER_CANCELLED", providerCode: null }];
    case "authorizing":
      return [{ type: "AuthorizationAbandoned", at, reason: "ORDER_CANCELLED" }];
    case "provisional":
    case "held":
    case "authorized":
      return [{ type: "VoidStarted", at, reason: "ORDER_CANCELLED" }];
    case "capturing":
    case "captured":
      return returnAll(payment, at, "ORDER_CANCELLED");
    default:
      return [];
  }
}

function recordVoid({ terms, state }: Payment, at: number): PaymentEvent[] {
  if (state.status !== "voiding") return [];
  return [{ type: "PaymentVoided", at, amountMinor: terms.amountMinor, reason: state.reason }];
}

function review(
  { state }: Payment,
  { type, at, by, reason }: Extract<PaymentCommand, { type: "ReleaseHold" | "DeclineHold" }>,
): PaymentEvent[] {
  if (state.status !== "held") throw new IllegalTransition(type, state.status);
  const label = type === "ReleaseHold" ? "LEGITIMATE" : "FRAUD";
  return [
    { type: "PaymentLabelled", at, label, labelledBy: by, reason },
    type === "ReleaseHold"
      ? { type: "PaymentReleased", at, releasedBy: by, reason }
      : { type: "VoidStarted", at, reason: "REVIEW_DECLINED" },
  ];
}

function expireHold({ state }: Payment, at: number): PaymentEvent[] {
  if (state.status !== "held" || at < state.holdExpiresAt) return [];
  return [{ type: "VoidStarted", at, reason: "HOLD_EXPIRED" }];
}
