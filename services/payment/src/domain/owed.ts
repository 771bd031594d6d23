import type { PaymentEvent } from "./events.ts";
import type { Payment } from "./payment.ts";
import type { Policy } from "./policy.ts";

/** A call to the provider that is owed; `refundId` tells the refunds of one payment apart. */
export type Step =
  | { readonly step: "authorize" | "capture" | "void" }
  | { readonly step: "refund"; readonly refundId: string };

/** What a clock will ask of a payment. */
export type TimerName = "decision-timeout" | "decision-limit" | "hold-expiry";

/** Work that an event makes necessary, or needless. Times are ms since the epoch. */
export type Owed =
  | { readonly kind: "step"; readonly step: Step }
  | { readonly kind: "timer"; readonly timer: TimerName; readonly dueAt: number }
  | { readonly kind: "timer-off"; readonly timer: TimerName };

/** What an event makes owed; `payment` is the payment after it. Pure. */
export function owedAfter(event: PaymentEvent, payment: Payment, policy: Policy): Owed[] {
  switch (event.type) {
    case "PaymentRequested":
      return [timer("decision-timeout", event.at + policy.decisionTimeoutMs)];
    case "VerdictReceived":
      return afterVerdict(event.verdict, payment, policy);
    case "AuthorizationStarted":
      return [{ kind: "step", step: { step: "authorize" } }];
    case "PaymentHeld":
      return [timer("hold-expiry", event.holdExpiresAt)];
    case "PaymentReleased":
      return [timerOff("hold-expiry")];
    case "CaptureStarted":
      return [{ kind: "step", step: { step: "capture" } }];
    case "VoidStarted":
      return [{ kind: "step", step: { step: "void" } }, timerOff("hold-expiry")];
    case "PaymentDeclined":
      return [timerOff("decision-timeout")];
    case "RefundStarted":
      return [{ kind: "step", step: { step: "refund", refundId: event.refundId } }];
    default:
      return [];
  }
}

function afterVerdict(
  { source, outcome }: { source: string; outcome: string },
  { requestedAt }: Payment,
  policy: Policy,
): Owed[] {
  if (source === "SCORER") return [timerOff("decision-timeout"), timerOff("decision-limit")];
  return outcome === "AWAIT" ? [timer("decision-limit", requestedAt + policy.decisionLimitMs)] : [];
}

function timer(name: TimerName, dueAt: number): Owed {
  return { kind: "timer", timer: name, dueAt };
}

function timerOff(name: TimerName): Owed {
  return { kind: "timer-off", timer: name };
}
