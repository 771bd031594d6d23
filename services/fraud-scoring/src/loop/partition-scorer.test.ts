import { describe, expect, test } from "@jest/globals";
import { MemoryLog, MemoryStore, MemoryTopics } from "../testing/memory-partition.ts";
import { activated } from "../testing/random-log.ts";
import { scored, testContext } from "../testing/scorer-context.ts";
import { PartitionScorer } from "./partition-scorer.ts";

const start = Date.UTC(2026, 0, 1);

interface Pay {
  readonly card?: string;
  readonly second: number;
  readonly id?: string;
}

function pay(log: MemoryLog, { card = "fp_a", second, id = `event-${log.records.length}` }: Pay) {
  const occurredAt = start + second * 1000;
  const fields = { cardFingerprint: card, paymentId: `pay-${id}`, occurredAt };
  log.append("PaymentRequested", fields, { id });
}

describe("a partition's scorer", () => {
  test("decides each payment once, with every rule's result and the input's position", async () => {
    const log = new MemoryLog();
    activated(log);
    for (const second of [0, 10, 20]) pay(log, { second });
    const { topics } = await scored(log);
    expect(topics.ofType("FraudDecided")).toMatchObject([
      { outcome: "APPROVE", inputOffset: 1, rulesetGeneration: 1 },
      { outcome: "APPROVE", inputOffset: 2 },
      {
        outcome: "REVIEW",
        score: 40,
        reasons: ["THIRD"],
        rules: [
          { ruleId: "third-in-a-minute", result: "HIT", values: [{ name: "count()", value: "3" }] },
        ],
      },
    ]);
    expect(topics.ofType("FraudAlertRaised")).toMatchObject([
      { phase: "EARLY", paymentId: "pay-event-3", cardFingerprint: "fp_a" },
    ]);
  });

  test("does not approve before a rule set is in force: a person decides", async () => {
    const log = new MemoryLog();
    pay(log, { second: 0 });
    const { topics } = await scored(log);
    expect(topics.ofType("FraudDecided")).toMatchObject([
      { outcome: "REVIEW", reasons: ["NO_RULESET"], rulesetGeneration: 0 },
    ]);
  });

  test("ignores a lower generation, and a pack that does not load never takes force", async () => {
    const log = new MemoryLog();
    activated(log, 2);
    activated(log, 1);
    activated(log, 3, "broken");
    pay(log, { second: 0 });
    const { topics } = await scored(log);
    expect(topics.ofType("FraudDecided")).toMatchObject([{ rulesetGeneration: 2 }]);
    expect(topics.sent.map(({ topic }) => topic)).toContain("card-activity.fraud-scoring.dlq");
  });

  test("counts a duplicate once and publishes nothing for it", async () => {
    const log = new MemoryLog();
    activated(log);
    for (const id of ["a", "a", "b", "b"]) pay(log, { second: 0, id });
    const { topics } = await scored(log);
    expect(topics.ofType("FraudDecided").map(({ eventId }) => eventId)).toEqual(["a", "b"]);
  });

  test("sets each unusable record aside, and goes on", async () => {
    const log = new MemoryLog();
    activated(log);
    log.appendRaw({ key: "fp_a", value: Buffer.from("noise"), appendedAt: start });
    log.appendRaw({ key: "fp_a", value: null, appendedAt: start });
    const one = { cardFingerprint: "fp_a", occurredAt: start };
    log.append("PaymentRequested", { ...one, amountMinor: 0 }, { id: "zero" });
    log.append("PaymentRequested", { ...one, currency: "bitcoin" }, { id: "currency" });
    log.append("PaymentRequested", { ...one, baseCurrency: "EUR" }, { id: "base" });
    log.append("PaymentRequested", one, { id: "" });
    log.append("PaymentRequested", { ...one, customerId: "c".repeat(201) }, { id: "long" });
    log.append("PaymentRequested", one, { id: "future", appendedAt: start - 5_001 });
    pay(log, { second: 0 });
    const { topics } = await scored(log);
    const letters = topics.sent.filter(({ topic }) => topic.endsWith(".dlq"));
    expect(letters.map(({ headers }) => headers?.["dlq_error_class"])).toEqual([
      "SyntaxError",
      "DecodeError",
      ...Array(5).fill("UnusableRecord"),
      "FutureEvent",
    ]);
    expect(topics.ofType("FraudDecided")).toHaveLength(1);
  });

  test("marks a late payment, and gives one beyond the horizon to the late output alone", async () => {
    const log = new MemoryLog();
    activated(log);
    pay(log, { second: 7200, id: "now" });
    pay(log, { second: 7100, id: "late" });
    pay(log, { second: 0, id: "ancient" });
    const { topics } = await scored(log);
    expect(topics.ofType("FraudDecided")).toMatchObject([
      { eventId: "now", late: false },
      { eventId: "late", late: true },
    ]);
    const late = topics.sent.filter(({ topic }) => topic.endsWith(".late"));
    expect(late.map(({ headers }) => String(headers?.["id"]))).toEqual(["late", "ancient"]);
  });

  test("fires timers by event time, on a partition without payments too", async () => {
    const log = new MemoryLog();
    activated(log);
    pay(log, { second: 0 });
    log.append("TimeAdvanced", { partition: 0, occurredAt: start + 66_000 }, { id: "t" });
    const { topics } = await scored(log);
    expect(topics.ofType("FraudAlertRaised")).toMatchObject([
      { ruleId: "quiet-card", phase: "FINAL" },
    ]);
  });

  test("records before a crowd of timers do not wait for it one by one", async () => {
    const log = new MemoryLog();
    activated(log);
    for (let card = 0; card < 40; card += 1) pay(log, { card: `fp_${card}`, second: 0 });
    const batchRecords = log.records.length;
    for (let second = 1; second <= 30; second += 1) pay(log, { card: "fp_z", second });
    log.append("TimeAdvanced", { partition: 0, occurredAt: start + 66_000 }, { id: "t" });
    for (let more = 0; more < 10; more += 1) pay(log, { card: "fp_z", second: 66 });
    const { topics, store } = await scored(log, { batchRecords, maxFiringsPerRecord: 5 });
    const final = topics.ofType("FraudAlertRaised").filter(({ phase }) => phase === "FINAL");
    expect(final).toHaveLength(40);
    // The two batches, the time, and what the last ten records fire of the crowd.
    expect(store.loads).toBeLessThan(2 + 1 + 11);
  });

  test("counts what people say of a hit for its rules, and the last word corrects the one before", async () => {
    const log = new MemoryLog();
    activated(log);
    for (const second of [0, 1, 2, 3]) pay(log, { second });
    const label = (paymentId: string, word: "FRAUD" | "LEGITIMATE" | "UNKNOWN", id: string) =>
      log.append(
        "FraudLabelled",
        { cardFingerprint: "fp_a", paymentId, label: word, occurredAt: start + 4_000 },
        { id },
      );
    label("pay-event-3", "LEGITIMATE", "l1");
    label("pay-event-3", "FRAUD", "l2");
    label("pay-event-3", "UNKNOWN", "l3");
    label("pay-event-4", "LEGITIMATE", "l4");
    label("pay-event-1", "FRAUD", "l5");
    const { store } = await scored(log);
    expect(store.picture().quality).toEqual([["third-in-a-minute", [2, 1, 1]]]);
  });

  test("stops at a card of a format that it does not know, and leaves it as it is", async () => {
    const log = new MemoryLog();
    activated(log);
    pay(log, { card: "fp_new", second: 0 });
    const store = new MemoryStore();
    const row = { state: Buffer.alloc(100, 99), nextTimerAt: null, forgetAfter: 0 };
    store.cards.set("fp_new", row);
    const topics = new MemoryTopics();
    const scorer = new PartitionScorer(testContext({ store, producer: topics }), log.stay());
    await expect(scorer.run()).rejects.toThrow(/unknown format/);
    expect(topics.sent).toEqual([]);
    expect(store.cards.get("fp_new")).toBe(row);
  });

  test("passes the order's trace on", async () => {
    const log = new MemoryLog();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    log.append("PaymentRequested", {}, { id: "a", headers: { traceparent } });
    const { topics } = await scored(log);
    expect(topics.sent[0]?.headers).toMatchObject({ traceparent });
  });
});
