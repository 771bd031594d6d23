import type { FraudDecided } from "@holdfast/contracts";
import type { Handler } from "@holdfast/messaging";
import type { Clock, Tx } from "@holdfast/outbox";
import type { ScorerVerdict } from "../domain/verdict.ts";
import type { Payments } from "../payments.ts";

/**
 * Follows the scorer's verdict. Decisions on payments that are not of this service (the log is open to
 * other producers) concern nobody here.
 */
export function onFraudDecided(payments: Payments, clock: Clock): Handler<"FraudDecided", Tx> {
  return async ({ event }, tx) => {
    const { paymentId } = event;
    const verdict = verdictOf(event);
    await payments.execute(tx, { paymentId }, { type: "ReceiveVerdict", at: clock.now(), verdict });
  };
}

function verdictOf({ outcome, decisionId, reasons }: FraudDecided): ScorerVerdict {
  // A word of a newer scorer that is not understood here is for a person to judge.
  const known = outcome === "UNKNOWN" ? "REVIEW" : outcome;
  return { source: "SCORER", outcome: known, decisionId, reasons };
}
