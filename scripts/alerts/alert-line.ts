import type { FraudAlertRaised } from "@holdfast/contracts";

/** One alert in one line, for a person who watches. */
export function alertLine(alert: FraudAlertRaised): string {
  const values = alert.values.map(({ name, value }) => `${name} = ${value}`).join(", ");
  const about = [
    `card ${alert.cardFingerprint}`,
    `customer ${alert.customerId}`,
    alert.orderId === null ? undefined : `order ${alert.orderId}`,
    alert.orderId === null && alert.paymentId !== null ? `payment ${alert.paymentId}` : undefined,
  ];
  return [
    new Date(alert.occurredAt).toISOString(),
    alert.action.padEnd(7),
    `${alert.ruleId} v${alert.ruleVersion}${markOf(alert)}`,
    `score ${alert.score} ${alert.reason}`,
    about.filter((part) => part !== undefined).join(" "),
    values === "" ? alert.sentence : `${alert.sentence} [${values}]`,
  ].join("  ");
}

function markOf({ phase, holds }: FraudAlertRaised): string {
  if (!holds) return " (withdrawn)";
  return phase === "FINAL" ? " (final)" : "";
}

/** One alert as a line of JSON; times are ISO 8601. */
export function alertJson(alert: FraudAlertRaised): string {
  return JSON.stringify({ ...alert, occurredAt: new Date(alert.occurredAt).toISOString() });
}
