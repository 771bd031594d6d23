import type { CancellationReason, FraudAlertRaised } from "@holdfast/contracts";
import { buildEvent } from "@holdfast/testkit";
import { describe, expect, test } from "@jest/globals";
import { fraudAlert } from "./analyst-notices.ts";
import { orderCancelled, orderConfirmed, orderReceived } from "./customer-notices.ts";
import { holdWithoutAlert, lateDeclineOf } from "./payment-notices.ts";

const order = { orderId: "order-1", customerId: "cust_1" };
const reasons: CancellationReason[] = [
  "CUSTOMER",
  "OUT_OF_STOCK",
  "PAYMENT_DECLINED",
  "PAYMENT_VOIDED",
  "CAPTURE_FAILED",
  "TIMED_OUT",
  "UNKNOWN",
];

const alert: FraudAlertRaised = {
  alertId: "alert-1",
  ruleId: "velocity",
  ruleVersion: 2,
  matchId: "match-1",
  phase: "EARLY",
  revision: 0,
  holds: true,
  cardFingerprint: "fp_v1_abc",
  customerId: "cust_1",
  paymentId: "payment-1",
  orderId: "order-1",
  decisionId: "decision-1",
  action: "REVIEW",
  score: 80,
  reason: "VELOCITY",
  sentence: "3 or more payments above 100.00 USD within 60 seconds on one card.",
  values: [
    { name: "count", value: "3" },
    { name: "sum", value: "470.00 USD" },
  ],
  eventIds: ["a", "b", "c"],
  rulesetGeneration: 1,
  engineVersion: "1.0.0",
  occurredAt: 1,
};

describe("what a customer reads", () => {
  const notices = [
    orderReceived(order, "19.99 USD"),
    orderConfirmed(order, "19.99 USD"),
    ...reasons.map((reason) => orderCancelled(order, reason)),
  ];

  test.each(notices)("names the order and stays neutral: $body", (notice) => {
    expect(notice).toMatchObject({ audience: "customer", ...order, details: null });
    expect(notice.body).toContain("order-1");
    expect(`${notice.subject} ${notice.body}`).not.toMatch(
      /fraud|suspici|risk|rule|score|declin|review|void/i,
    );
  });

  test("tells the amount", () => {
    expect(orderConfirmed(order, "19.99 USD").body).toContain("19.99 USD");
  });
});

describe("what an analyst reads of payments", () => {
  const held = buildEvent("PaymentHeld", { orderId: "order-1", paymentId: "payment-1" });

  test("is told of a hold that no rule asked for, and not of one whose alert was told", () => {
    const silent = holdWithoutAlert({ ...held, verdictSource: "FALLBACK", reasons: [] });
    expect(silent).toMatchObject({ details: { situation: "fallback_hold" } });
    expect(silent?.body).toContain("payment payment-1");
    const withheld = { ...held, reasons: ["DECLINE_WITHHELD", "VELOCITY"] };
    expect(holdWithoutAlert({ ...withheld, verdictSource: "SCORER" })?.body).toContain(
      "(VELOCITY)",
    );
    const asked = { ...held, verdictSource: "SCORER", reasons: ["VELOCITY"] } as const;
    expect(holdWithoutAlert({ ...asked, reasons: [...asked.reasons] })).toBeUndefined();
  });

  test("is told of declines that came late, by what they undid", () => {
    const voided = buildEvent("PaymentVoided", { reason: "LATE_DECLINE" });
    expect(lateDeclineOf(voided)?.details).toMatchObject({ situation: "late_decline_voided" });
    const refunded = buildEvent("PaymentRefunded", { reason: "LATE_DECLINE" });
    expect(lateDeclineOf(refunded)?.details).toMatchObject({ situation: "late_decline_refunded" });
    expect(lateDeclineOf({ ...voided, reason: "ORDER_CANCELLED" })).toBeUndefined();
  });
});

describe("what an analyst reads", () => {
  test("is the rule's sentence, the values it saw and where to look", () => {
    const notice = fraudAlert(alert);
    expect(notice.subject).toBe("Review: VELOCITY (rule velocity, score 80)");
    expect(notice.body).toBe(
      [
        "3 or more payments above 100.00 USD within 60 seconds on one card.",
        "  count: 3",
        "  sum: 470.00 USD",
        "Customer cust_1, card fp_v1_abc, order order-1, payment payment-1.",
        "Early: later events may still correct this.",
      ].join("\n"),
    );
    expect(notice.details).toMatchObject({ alertId: "alert-1", values: alert.values });
  });

  test("says when the alert is final and leaves out what there is not", () => {
    const notice = fraudAlert({ ...alert, phase: "FINAL", paymentId: null, orderId: null });
    expect(notice.body).toContain("Customer cust_1, card fp_v1_abc.");
    expect(notice.body).toContain("Final:");
  });

  test("says that a decline has been done already", () => {
    expect(fraudAlert({ ...alert, action: "DECLINE" }).subject).toMatch(/^Declined: /);
  });
});
