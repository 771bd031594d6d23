import type { PaymentEvent } from "./events.ts";
import type { Payment } from "./payment.ts";
import type { Policy } from "./policy.ts";
import type { Verdict } from "./verdict.ts";

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

/** A payment before one of its events (undefined before the first) and after it. */
export interface Change {
  readonly before: Payment | undefined;
  readonly after: Payment;
}

/** What an event makes owed, and what it makes needless. Pure. */
export function owedAfter(event: PaymentEvent, change: Change, policy: Policy): Owed[] {
  switch (event.type) {
    case "PaymentRequested":
      return [timer("decision-timeout", event.at + policy.decisionTimeoutMs)];
    case "VerdictReceived":
      return afterVerdict(event.verdict, change, policy);
    case "AuthorizationStarted":
      return [{ kind: "step", step: { step: "authorize" } }];
    case "PaymentHeld":
      return [timer("hold-expiry", event.holdExpiresAt)];
    case "PaymentReleased":
      return endOfHold(change);
    case "CaptureStarted":
      return [{ kind: "step", step: { step: "capture" } }];
    case "VoidStarted":
      return [{ kind: "step", step: { step: "void" } }, ...endOfHold(change)];
    case "PaymentDeclined":
      return change.after.verdict === null ? [timerOff("decision-timeout")] : [];
    case "RefundStarted":
      return [{ kind: "step", step: { step: "refund", refundId: event.refundId } }];
    default:
      return [];
  }
}

function afterVerdict(verdict: Verdict, { before, after }: Change, policy: Policy): Owed[] {
  if (verdict.source === "FALLBACK") {
    if (verdict.outcome !== "AWAIT") return [];
    return [timer("decision-limit", after.requestedAt + policy.decisionLimitMs)];
  }
  return [timerOff(before?.verdict === null ? "decision-timeout" : "decision-limit")];
}

function endOfHold({ before }: Change): Owed[] {
  return before?.state.status === "held" ? [timerOff("hold-expiry")] : [];
}

function timer(name: TimerName, dueAt: number): Owed {
  return { kind: "timer", timer: name, dueAt };
}

function timerOff(name: TimerName): Owed {
  return { kind: "timer-off", timer: name };
}
