import type { FraudAlertRaised } from "@holdfast/contracts";
import { expect, test } from "@jest/globals";
import { alertJson, alertLine } from "./alert-line.ts";

const alert: FraudAlertRaised = {
  alertId: "a",
  ruleId: "velocity-60s",
  ruleVersion: 1,
  matchId: "m",
  phase: "EARLY",
  revision: 0,
  holds: true,
  cardFingerprint: "fp_v1_x",
  customerId: "cust_1",
  paymentId: "p",
  orderId: "o",
  decisionId: "d",
  action: "REVIEW",
  score: 40,
  reason: "VELOCITY_60S",
  sentence: "Holds a payment when a card makes 3 or more payments above $100.00 within 60 seconds",
  values: [{ name: "count()", value: "3" }],
  eventIds: [],
  rulesetGeneration: 1,
  engineVersion: "1",
  occurredAt: Date.UTC(2026, 0, 1),
};

test("an alert is one line with what a person asks first", () => {
  expect(alertLine(alert)).toBe(
    "2026-01-01T00:00:00.000Z  REVIEW   velocity-60s v1  score 40 VELOCITY_60S  card fp_v1_x customer cust_1 order o  Holds a payment when a card makes 3 or more payments above $100.00 within 60 seconds [count() = 3]",
  );
});

test("a withdrawal says so", () => {
  expect(alertLine({ ...alert, holds: false })).toContain("velocity-60s v1 (withdrawn)");
});

test("for machines it is JSON with a readable time", () => {
  expect(JSON.parse(alertJson(alert))).toMatchObject({
    ruleId: "velocity-60s",
    occurredAt: "2026-01-01T00:00:00.000Z",
  });
});
