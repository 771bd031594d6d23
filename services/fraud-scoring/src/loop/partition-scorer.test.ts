import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { MemoryLog, MemoryStore, MemoryTopics } from "../testing/memory-partition.ts";
import { testContext } from "../testing/scorer-context.ts";
import { PartitionScorer, type ScorerContext } from "./partition-scorer.ts";

const start = Date.UTC(2026, 0, 1);

function activated(log: MemoryLog, generation = 1, content = "rules"): void {
  log.append(
    "RulesetActivated",
    { generation, rulesetId: `pack-${generation}`, files: [{ path: "rules.yaml", content }] },
    { id: `barrier-${generation}` },
  );
}

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

async function scored(log: MemoryLog, limits: Partial<ScorerContext["limits"]> = {}) {
  const store = new MemoryStore();
  const topics = new MemoryTopics();
  await new PartitionScorer(testContext({ store, producer: topics, limits }), log.stay()).run();
  return { store, topics };
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

  test("passes the order's trace on", async () => {
    const log = new MemoryLog();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    log.append("PaymentRequested", {}, { id: "a", headers: { traceparent } });
    const { topics } = await scored(log);
    expect(topics.sent[0]?.headers).toMatchObject({ traceparent });
  });
});

/** A log of payments, labels, time, barriers and noise on few cards, with repeats and disorder. */
const randomLog = fc
  .array(
    fc.record({
      kind: fc.constantFrom(
        "pay",
        "pay",
        "pay",
        "pay",
        "again",
        "label",
        "time",
        "barrier",
        "noise",
      ),
      card: fc.integer({ min: 0, max: 4 }),
      step: fc.integer({ min: -8_000, max: 40_000 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    const log = new MemoryLog();
    activated(log);
    let at = start;
    let generation = 1;
    for (const [index, { kind, card, step }] of steps.entries()) {
      at += step;
      const cardFingerprint = `fp_${card}`;
      const id = kind === "again" ? `event-${index - 1}` : `event-${index}`;
      const appendedAt = at + 60_000;
      if (kind === "label") {
        const fields = { cardFingerprint, paymentId: `pay-${card}`, label: "FRAUD" as const };
        log.append("FraudLabelled", { ...fields, occurredAt: at }, { id, appendedAt });
      } else if (kind === "time") {
        log.append("TimeAdvanced", { partition: 0, occurredAt: at }, { id, appendedAt });
      } else if (kind === "barrier") {
        generation += 1;
        activated(log, generation);
      } else if (kind === "noise") {
        log.appendRaw({ key: "fp", value: Buffer.from([1, 2]), appendedAt });
      } else {
        const fields = { cardFingerprint, paymentId: `pay-${card}`, occurredAt: at };
        log.append("PaymentRequested", fields, { id, appendedAt });
      }
    }
    return log;
  });

const seed = Date.now() % 2 ** 31;
const settings = { seed, numRuns: 60 };

describe(`over random logs (seed ${seed})`, () => {
  test("what is in the cache never shows in the output", async () => {
    await fc.assert(
      fc.asyncProperty(randomLog, fc.integer({ min: 1, max: 20 }), async (log, batchRecords) => {
        const all = await scored(log);
        const store = new MemoryStore();
        const topics = new MemoryTopics();
        const context = testContext({ store, producer: topics, limits: { cacheBytes: () => 0 } });
        await new PartitionScorer(context, log.stay({ batchRecords })).run();
        expect(topics.distinct()).toEqual(all.topics.distinct());
        expect(store.picture()).toEqual(all.store.picture());
      }),
      settings,
    );
  });

  test("a cap on firings delays them alike, however records are batched", async () => {
    await fc.assert(
      fc.asyncProperty(randomLog, fc.integer({ min: 1, max: 20 }), async (log, batchRecords) => {
        const limits = { maxFiringsPerRecord: 1 };
        const whole = await scored(log, limits);
        const store = new MemoryStore();
        const topics = new MemoryTopics();
        const context = testContext({
          store,
          producer: topics,
          limits: { ...limits, cacheBytes: () => 0 },
        });
        await new PartitionScorer(context, log.stay({ batchRecords })).run();
        expect(topics.distinct()).toEqual(whole.topics.distinct());
        expect(store.picture()).toEqual(whole.store.picture());
      }),
      settings,
    );
  });

  test("a crash at any point of the loop changes neither the outputs nor the state", async () => {
    const points = [
      "before publish",
      "after publish",
      "before write",
      "after write",
      "before offset",
    ];
    await fc.assert(
      fc.asyncProperty(
        randomLog,
        fc.array(fc.record({ point: fc.constantFrom(...points), countdown: fc.nat(5) }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (log, crashes) => {
          const calm = await scored(log);
          log.committedOffset = 0;
          const store = new MemoryStore();
          const topics = new MemoryTopics();
          for (const crash of [...crashes, undefined]) {
            await runUntilCrash(log, { store, topics, crash });
          }
          expect(topics.distinct()).toEqual(calm.topics.distinct());
          expect(store.picture()).toEqual(calm.store.picture());
        },
      ),
      settings,
    );
  });
});

interface CrashPlan {
  readonly point: string;
  readonly countdown: number;
}

/** Runs a scorer that dies at the planned point: from there on nothing that it does has an effect. */
async function runUntilCrash(
  log: MemoryLog,
  {
    store,
    topics,
    crash,
  }: { store: MemoryStore; topics: MemoryTopics; crash: CrashPlan | undefined },
): Promise<void> {
  let left = crash?.countdown ?? Number.POSITIVE_INFINITY;
  let isDead = false;
  const at = (point: string) => {
    if (point === crash?.point) left -= 1;
    if (left < 0) isDead = true;
    if (isDead) throw new Error("crashed");
  };
  const stay = log.stay({ batchRecords: 4 });
  const commit = stay.commit.bind(stay);
  stay.commit = (offset) => {
    at("before offset");
    commit(offset);
  };
  const context = testContext({
    producer: {
      send: async (records) => {
        at("before publish");
        await topics.send(records);
        at("after publish");
        return [];
      },
    },
    store: {
      takeOver: () => store.takeOver(),
      load: (wanted) => store.load(wanted),
      position: () => store.position(),
      write: async (change) => {
        at("before write");
        const written = await store.write(change);
        at("after write");
        return written;
      },
    },
  });
  await new PartitionScorer(context, stay).run().catch((error: Error) => {
    if (!isDead) throw error;
  });
}
