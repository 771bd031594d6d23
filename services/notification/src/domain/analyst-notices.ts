import type { AlertPhase, FraudAlertRaised, RuleAction } from "@holdfast/contracts";
import type { AnalystNotice } from "./notice.ts";

/** Tells an analyst what a rule found, in its own words and with the values that it saw. */
export function fraudAlert(alert: FraudAlertRaised): AnalystNotice {
  const { alertId, ruleId, ruleVersion, phase, action, score, reason, values } = alert;
  const { cardFingerprint, paymentId, decisionId, customerId, orderId } = alert;
  return {
    audience: "analyst",
    customerId,
    orderId,
    subject: `${askOf(action)}: ${reason} (rule ${ruleId}, score ${score})`,
    body: bodyOf(alert),
    details: {
      alertId,
      ruleId,
      ruleVersion,
      phase,
      action,
      score,
      reason,
      cardFingerprint,
      paymentId,
      decisionId,
      values,
    },
  };
}

function bodyOf(alert: FraudAlertRaised): string {
  const { sentence, values, phase, customerId, cardFingerprint, orderId, paymentId } = alert;
  const references = [
    `Customer ${customerId}`,
    `card ${cardFingerprint}`,
    ...(orderId === null ? [] : [`order ${orderId}`]),
    ...(paymentId === null ? [] : [`payment ${paymentId}`]),
  ];
  return [
    sentence,
    ...values.map(({ name, value }) => `  ${name}: ${value}`),
    `${references.join(", ")}.`,
    certaintyOf(phase),
  ].join("\n");
}

function askOf(action: RuleAction): string {
  switch (action) {
    case "REVIEW":
      return "Review";
    case "DECLINE":
      return "Declined";
    case "APPROVE":
    case "UNKNOWN":
      return "For your information";
  }
}

function certaintyOf(phase: AlertPhase): string {
  return phase === "FINAL"
    ? "Final: event time has passed, nothing can change this."
    : "Early: later events may still correct this.";
}
