import type { DecodedEvent } from "@holdfast/messaging";
import { describe, expect, test } from "@jest/globals";
import { lineageOf, type ReadEvent, renderLineage } from "./lineage.ts";

function event(at: string, type: string, content: object): ReadEvent {
  const [topic = "", offset = ""] = at.split("/");
  const card = "cardFingerprint" in content ? String(content.cardFingerprint) : "partition-0";
  return {
    record: {
      topic,
      partition: 0,
      offset,
      key: Buffer.from(card),
      headers: { id: `${topic}-${offset}`, traceparent: `00-${"a".repeat(32)}-b-01` },
    },
    decoded: { type, event: content, schemaId: 7 } as unknown as DecodedEvent,
  };
}

const decision = {
  decisionId: "d1",
  paymentId: "p1",
  orderId: "o1",
  cardFingerprint: "fp_1",
  outcome: "REVIEW",
  score: 40,
  rules: [
    {
      ruleId: "velocity",
      ruleVersion: 2,
      mode: "ACTIVE",
      result: "HIT",
      values: [{ name: "count()", value: "3" }],
    },
  ],
  rulesetGeneration: 1,
  engineVersion: "1",
  inputTopic: "card-activity",
  inputPartition: 0,
  inputOffset: 4,
};

const log = [
  event("card-activity/0", "RulesetActivated", { generation: 1 }),
  event("card-activity/1", "PaymentRequested", { cardFingerprint: "fp_1" }),
  event("card-activity/2", "PaymentRequested", { cardFingerprint: "fp_2" }),
  event("card-activity/3", "PaymentSettled", { cardFingerprint: "fp_1" }),
  event("card-activity/4", "PaymentRequested", { cardFingerprint: "fp_1" }),
  event("card-activity/5", "PaymentRequested", { cardFingerprint: "fp_1" }),
  event("fraud-decisions/0", "FraudDecided", decision),
  event("fraud-alerts/0", "FraudAlertRaised", {
    decisionId: "d1",
    eventIds: ["card-activity-1", "card-activity-4"],
    ruleId: "velocity",
    sentence: "three in a minute",
  }),
];

describe("the lineage of a decision", () => {
  const lineage = lineageOf("d1", log);

  test("is its input, the rules in force, and what came before on its card", () => {
    expect(lineage?.input).toBe(log[4]);
    expect(lineage?.ruleset).toBe(log[0]);
    expect(lineage?.state).toEqual([log[1], log[3]]);
    expect(lineage?.alerts.map(({ event: alert }) => alert)).toEqual([log[7]]);
  });

  test("is printed with positions, schemas, values, and what made the match", () => {
    const text = lineage === undefined ? "" : renderLineage(lineage).join("\n");
    expect(text).toContain("REVIEW, score 40: payment p1, order o1");
    expect(text).toMatch(/input +card-activity\/0\/4 +PaymentRequested +schema 7/);
    expect(text).toMatch(/velocity v2 +active hit +count\(\) = 3/);
    expect(text).toMatch(/\* card-activity\/0\/1 /);
    expect(text).toMatch(/ {2}card-activity\/0\/3 /);
  });

  test("lists the newest events of a card that has many, and those of the match", () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      event(`card-activity/${index + 100}`, "PaymentRequested", { cardFingerprint: "fp_1" }),
    );
    if (lineage === undefined) throw new Error("The log has no decision");
    const lines = renderLineage({ ...lineage, state: [...lineage.state, ...many] });
    expect(lines.join("\n")).toContain("32 earlier events of the card, 11 older ones not listed");
    expect(lines.join("\n")).toContain("* card-activity/0/1 ");
    expect(lines.join("\n")).not.toContain("card-activity/0/109 ");
  });

  test("does not exist for another id", () => {
    expect(lineageOf("d2", log)).toBeUndefined();
  });
});
