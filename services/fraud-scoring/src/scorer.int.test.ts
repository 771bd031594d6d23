import type { FraudDecided } from "@holdfast/contracts";
import { type IncomingRecord, tail } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { waitFor } from "@holdfast/testkit";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { decisionIdOf } from "./domain/ids.ts";
import { type ScorerInstance, useScorerSuite } from "./testing/scorer-suite.ts";

const suite = useScorerSuite("scorer");
const start = Date.UTC(2026, 0, 1);
let scorer: ScorerInstance;

beforeAll(async () => {
  await suite.activate();
  scorer = await suite.start();
  await scorer.ready();
}, 120_000);

async function readTopic(topic: string): Promise<IncomingRecord[]> {
  const records: IncomingRecord[] = [];
  const reading = tail({
    kafka: suite.kafka,
    topics: [topic],
    from: "beginning",
    until: "end",
    logger: silentLogger,
  });
  for await (const record of reading) records.push(record);
  return records;
}

async function get(path: string, key = "demo-analyst") {
  const headers = { Authorization: `Bearer ${key}` };
  const response = await fetch(`${scorer.url}${path}`, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const payment = (card: string, index: number, seconds: number) => ({
  id: `${card}-${index}`,
  fields: {
    cardFingerprint: card,
    paymentId: `pay-${card}-${index}`,
    occurredAt: start + seconds * 1000,
  },
});

describe("four payments above $100 within a minute on one card", () => {
  const decision = async (index: number) =>
    (await get(`/decisions/${decisionIdOf(`fp_fast-${index}`)}`)).body as unknown as FraudDecided;

  beforeAll(async () => {
    await suite.publish(
      "PaymentRequested",
      [0, 1, 2, 3].map((index) => payment("fp_fast", index, 10 * index)),
    );
    await suite.settled();
  });

  test("the third and the fourth are held, with the numbers that the rule saw", async () => {
    const outcomes = await Promise.all(
      [0, 1, 2, 3].map(async (index) => (await decision(index)).outcome),
    );
    expect(outcomes).toEqual(["APPROVE", "APPROVE", "REVIEW", "REVIEW"]);
    const { rules, reasons, rulesetGeneration } = await decision(2);
    expect({ reasons, rulesetGeneration }).toEqual({
      reasons: ["VELOCITY_60S"],
      rulesetGeneration: 1,
    });
    const velocity = rules.find(({ ruleId }) => ruleId === "velocity-60s");
    expect(velocity).toMatchObject({
      result: "HIT",
      eventIds: ["fp_fast-0", "fp_fast-1", "fp_fast-2"],
    });
    expect(velocity?.values).toContainEqual({ name: "tx.amount", value: "125.00" });
  });

  test("one alert is raised", async () => {
    const alerts = (await readTopic(suite.topics.alerts))
      .map(({ topic, value }) => suite.codec.decode(topic, value as Buffer))
      .filter(({ event }) => "ruleId" in event && event.ruleId === "velocity-60s");
    expect(alerts).toHaveLength(1);
    expect(alerts[0]?.event).toMatchObject({ paymentId: "pay-fp_fast-2", action: "REVIEW" });
  });

  test("the card and the rules can be read by an analyst, and by nobody else", async () => {
    const card = await get("/cards/fp_fast?limit=3");
    expect(card.body).toMatchObject({
      state: { rulesetGeneration: 1, hits: [{ paymentId: "pay-fp_fast-2" }, {}] },
      decisions: [{ outcome: "REVIEW" }, { outcome: "REVIEW" }, { outcome: "APPROVE" }],
    });
    const { rules } = card.body["state"] as { rules: { ruleId: string; windows: unknown[] }[] };
    expect(rules.find(({ ruleId }) => ruleId === "velocity-60s")?.windows).toMatchObject([
      {
        kind: "sliding",
        events: 4,
        eventIds: ["fp_fast-0", "fp_fast-1", "fp_fast-2", "fp_fast-3"],
        values: [{ name: "count()", value: "4" }],
      },
    ]);
    const next = await get(`/cards/fp_fast?limit=3&cursor=${card.body["nextCursor"]}`);
    expect(next.body).toMatchObject({ decisions: [{ outcome: "APPROVE" }], nextCursor: null });
    expect((await get("/cards/fp_unknown")).status).toBe(404);
    expect((await get("/rules")).body).toMatchObject({ generation: 1 });
    expect((await get("/rules", "demo-shop")).status).toBe(403);
  });

  test("what people say of a hit is counted for its rule", async () => {
    const labelled = { cardFingerprint: "fp_fast", paymentId: "pay-fp_fast-2" };
    await suite.publish("FraudLabelled", [
      { id: "label-1", fields: { ...labelled, label: "FRAUD", occurredAt: start + 60_000 } },
    ]);
    await suite.settled();
    const { rules } = (await get("/rules")).body as { rules: { id: string }[] };
    const velocity = rules.find(({ id }) => id === "velocity-60s");
    expect(velocity).toMatchObject({ hits: 2, confirmed: 1, refuted: 0 });
  });
});

test("a decision that the caller has seen is not sent again", async () => {
  const url = `${scorer.url}/decisions/${decisionIdOf("fp_fast-0")}`;
  const headers = { Authorization: "Bearer demo-analyst" };
  const etag = (await fetch(url, { headers })).headers.get("etag") ?? "";
  // Without the last one fetch itself adds no-cache.
  const conditional = { ...headers, "If-None-Match": etag, "Cache-Control": "max-age=0" };
  const again = await fetch(url, { headers: conditional });
  expect([etag === "", again.status]).toEqual([false, 304]);
});

describe("a record that nothing can be made of", () => {
  const poison = {
    "random bytes": Buffer.from([1, 2, 3, 4, 5, 6, 7]),
    "an empty value": Buffer.alloc(0),
    "an unknown schema id": Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1]),
    "two megabytes": Buffer.alloc(2 * 1024 * 1024, 7),
  };

  test.each(Object.entries(poison))(
    "%s: is kept whole, and the partition goes on",
    async (name, value) => {
      const id = `poison ${name}`;
      const record = { topic: suite.topics.activity, key: "fp_poison", value, headers: { id } };
      await suite.producer.send([{ ...record, partition: 2 }]);
      const letter = await waitFor(
        async () =>
          (await readTopic(suite.topics.deadLetters)).find(({ headers }) => headers["id"] === id),
        { limitMs: 20_000, what: "the dead letter" },
      );
      expect(letter.value?.equals(value)).toBe(true);
      expect(letter.headers).toMatchObject({
        dlq_original_topic: suite.topics.activity,
        dlq_original_partition: "2",
      });
      await suite.settled();
    },
  );

  test("a null key and a null value are kept too", async () => {
    const payments = (await readTopic(suite.topics.activity)).filter(
      ({ headers }) => headers["eventType"] === "PaymentRequested",
    );
    const value = payments.at(-1)?.value ?? null;
    await suite.producer.send([
      { topic: suite.topics.activity, key: null, value, headers: { id: "no key" } },
      { topic: suite.topics.activity, key: "fp_a", value: null, headers: { id: "no value" } },
    ]);
    await suite.settled();
    const ids = (await readTopic(suite.topics.deadLetters)).map(({ headers }) => headers["id"]);
    expect(ids).toEqual(expect.arrayContaining(["no key", "no value"]));
  });
});

test("a fresh run over the log gives the same decisions and alerts, byte for byte", async () => {
  const found = await suite.verify();
  expect(found.differences).toEqual([]);
  expect(found.compared.decisions).toBeGreaterThanOrEqual(4);
});

test("bytes of somebody else's on an output topic are counted, and prove nothing", async () => {
  const { decisions } = suite.topics;
  const unknownSchema = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1]);
  await suite.producer.send([
    { topic: decisions, key: "poison", value: Buffer.from("poison") },
    { topic: decisions, key: "poison", value: unknownSchema },
  ]);
  const found = await suite.verify();
  expect(found.foreign).toBe(2);
  expect(found.differences).toEqual([]);
});

test("the metrics tell what was done", async () => {
  const text = await (await fetch(`${scorer.url}/metrics`)).text();
  expect(text).toMatch(/^fraud_decisions_total\{outcome="review"\} 2$/m);
  expect(text).toMatch(/^fraud_partitions_owned\{state="running"\} 6$/m);
  expect(text).toMatch(/^fraud_ruleset_generation\{partition="0"\} 1$/m);
  const exported = [
    "fraud_event_lateness_seconds_count",
    'fraud_partition_lag_records{partition="0"} 0',
    "fraud_watermark_delay_seconds{",
    'fraud_cache_lookups_total{result="miss"}',
    "fraud_cache_bytes ",
    "fraud_batch_records_count",
    "fraud_state_commit_duration_seconds_count",
    "fraud_state_cards ",
    'fraud_events_set_aside_total{reason="unusable"}',
    "dlq_records_total{",
    "fraud_rule_labels_total{",
  ];
  expect(exported.filter((metric) => !text.includes(`\n${metric}`))).toEqual([]);
});

test("SIGTERM ends it cleanly: everything is committed", async () => {
  await scorer.end("SIGTERM");
  expect(scorer.child.exitCode).toBe(0);
});
