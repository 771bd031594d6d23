import type { FraudDecided } from "@holdfast/contracts";
import type { Handler } from "@holdfast/messaging";
import type { Clock, Tx } from "@holdfast/outbox";
import { declineWithheld } from "../domain/tempered-verdict.ts";
import type { ScorerVerdict } from "../domain/verdict.ts";
import type { Governor } from "../governor.ts";
import type { Payments } from "../payments.ts";
import { lockAnswered } from "../store/payments.ts";

/**
 * Follows the scorer's verdict, a decline as far as its rules may still decline. Decisions on payments
 * that are not of this service (the log is open to other producers) concern nobody here.
 */
export function onFraudDecided(options: {
  readonly payments: Payments;
  readonly governor: Governor;
  readonly clock: Clock;
}): Handler<"FraudDecided", Tx> {
  const { payments, governor, clock } = options;
  return async ({ event }, tx) => {
    const { paymentId } = event;
    const stored = await lockAnswered(tx, paymentId);
    // A second verdict can only be a repetition; it must not count against a rule's cap.
    if (stored === undefined || stored.payment.verdict?.source === "SCORER") return;
    const verdict = await verdictOf(event, (decision) => governor.temper(tx, decision));
    await payments.execute(tx, { paymentId }, { type: "ReceiveVerdict", at: clock.now(), verdict });
  };
}

async function verdictOf(
  event: FraudDecided,
  temper: (event: FraudDecided) => Promise<"DECLINE" | "REVIEW">,
): Promise<ScorerVerdict> {
  const { decisionId, reasons } = event;
  if (event.outcome !== "DECLINE") {
    // A word of a newer scorer that is not understood here is for a person to judge.
    const outcome = event.outcome === "UNKNOWN" ? "REVIEW" : event.outcome;
    return { source: "SCORER", outcome, decisionId, reasons };
  }
  const outcome = await temper(event);
  const said = outcome === "DECLINE" ? reasons : [declineWithheld, ...reasons];
  return { source: "SCORER", outcome, decisionId, reasons: said };
}
