import type { ReceiveVerdict } from "./commands.ts";
import { returnAll } from "./decide-refund.ts";
import type { PaymentEvent } from "./events.ts";
import type { Payment } from "./payment.ts";
import type { Policy } from "./policy.ts";
import type { Verdict } from "./verdict.ts";

/** The scorer's word, in time or late, on whatever has become of the payment. */
export function receiveVerdict(
  payment: Payment,
  command: ReceiveVerdict,
  policy: Policy,
): PaymentEvent[] {
  const { at, verdict } = command;
  // The first word of the scorer counts; a second one can only be a repetition.
  if (payment.verdict?.source === "SCORER") return [];
  const received: PaymentEvent = { type: "VerdictReceived", at, verdict };
  switch (payment.state.status) {
    case "awaiting_verdict":
      if (verdict.outcome !== "DECLINE") return [received, { type: "AuthorizationStarted", at }];
      return [received, { type: "PaymentDeclined", at, reason: "FRAUD", providerCode: null }];
    case "authorizing":
      if (verdict.outcome !== "DECLINE") return [received];
      return [received, { type: "AuthorizationAbandoned", at, reason: "LATE_DECLINE" }];
    case "provisional":
    case "held":
      return [received, followLateVerdict(payment, command, policy)];
    case "authorized":
      // Released by a person while the scorer was silent: only a decline is stronger than that.
      if (verdict.outcome !== "DECLINE") return [received];
      return [received, { type: "VoidStarted", at, reason: "LATE_DECLINE" }];
    case "capturing":
    case "captured":
      if (verdict.outcome !== "DECLINE") return [received];
      return [received, ...returnAll(payment, at, "LATE_DECLINE")];
    default:
      return [];
  }
}

function followLateVerdict(
  { state }: Payment,
  { at, verdict }: ReceiveVerdict,
  policy: Policy,
): PaymentEvent {
  switch (verdict.outcome) {
    case "APPROVE":
      return { type: "PaymentReleased", at, releasedBy: "scorer", reason: "late approval" };
    case "REVIEW": {
      // Held again under the scorer's reasons; the time that a person has does not start anew.
      const holdExpiresAt =
        state.status === "held" ? state.holdExpiresAt : at + policy.holdExpiryMs;
      return { type: "PaymentHeld", at, holdExpiresAt };
    }
    case "DECLINE":
      return { type: "VoidStarted", at, reason: "LATE_DECLINE" };
  }
}

/** Payment's own policy in place of a verdict that did not come in time. */
export function fallBack({ terms, state }: Payment, at: number, policy: Policy): PaymentEvent[] {
  if (state.status !== "awaiting_verdict") return [];
  const outcome = terms.baseAmountMinor <= policy.fallbackMaxMinor ? "AWAIT" : "REVIEW";
  return [
    { type: "VerdictReceived", at, verdict: { source: "FALLBACK", outcome } },
    { type: "AuthorizationStarted", at },
  ];
}

/** A verdict that still has not come: a person decides instead. */
export function stopAwaitingVerdict(payment: Payment, at: number, policy: Policy): PaymentEvent[] {
  const { state, verdict } = payment;
  if (verdict?.outcome !== "AWAIT") return [];
  const review: Verdict = { source: "FALLBACK", outcome: "REVIEW" };
  const received: PaymentEvent = { type: "VerdictReceived", at, verdict: review };
  if (state.status === "authorizing") return [received];
  if (state.status !== "provisional") return [];
  return [received, { type: "PaymentHeld", at, holdExpiresAt: at + policy.holdExpiryMs }];
}
