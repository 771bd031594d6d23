import type { PaymentHeld, PaymentRefunded, PaymentVoided } from "@holdfast/contracts";
import type { AnalystNotice } from "./notice.ts";

/** What payment writes when a verdict came after its own policy had spoken. */
const lateDecline = "LATE_DECLINE";
/** What payment writes when a rule had used up its declines or was demoted. */
const declineWithheld = "DECLINE_WITHHELD";

/**
 * Tells an analyst of a hold that no alert speaks of: the scorer was silent, or its decline was withheld.
 * Undefined for a hold that a rule asked for; its alert has been told.
 */
export function holdWithoutAlert(held: PaymentHeld): AnalystNotice | undefined {
  if (held.reasons.includes(declineWithheld)) {
    return noticeOf(held, {
      subject: "Review: a decline was withheld",
      body: `The scorer asked for a decline (${held.reasons.filter((code) => code !== declineWithheld).join(", ")}), but its rules have used up their declines or were demoted.`,
      situation: "decline_withheld",
    });
  }
  if (held.verdictSource !== "FALLBACK") return undefined;
  return noticeOf(held, {
    subject: "Review: no verdict came in time",
    body: "The scorer was silent, so a person decides. A verdict that still comes is followed.",
    situation: "fallback_hold",
  });
}

/** Tells an analyst that a payment which had gone on without a verdict was declined after all. */
export function lateDeclineOf(end: PaymentVoided | PaymentRefunded): AnalystNotice | undefined {
  if (end.reason !== lateDecline) return undefined;
  const refunded = "refundId" in end;
  return noticeOf(end, {
    subject: refunded
      ? "Late decline: captured money went back"
      : "Late decline: an authorisation was voided",
    body: refunded
      ? "The scorer declined after the capture. The goods may be on their way."
      : "The scorer declined after the authorisation. Nothing was captured.",
    situation: refunded ? "late_decline_refunded" : "late_decline_voided",
  });
}

function noticeOf(
  { customerId, orderId, paymentId }: PaymentHeld | PaymentVoided | PaymentRefunded,
  { subject, body, situation }: { subject: string; body: string; situation: string },
): AnalystNotice {
  return {
    audience: "analyst",
    customerId,
    orderId,
    subject,
    body: `${body}\nCustomer ${customerId}, order ${orderId}, payment ${paymentId}.`,
    details: { situation, paymentId },
  };
}
