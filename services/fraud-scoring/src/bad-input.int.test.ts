import type { Events } from "@holdfast/contracts";
import { type IncomingRecord, tail } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { buildEvent } from "@holdfast/testkit";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type ScorerInstance, useScorerSuite } from "./testing/scorer-suite.ts";

type Payment = Events["PaymentRequested"];

const suite = useScorerSuite("bad");
const start = Date.UTC(2026, 0, 1);
let scorer: ScorerInstance;

beforeAll(async () => {
  await suite.activate();
  scorer = await suite.start();
  await scorer.ready();
}, 120_000);

async function readTopic(topic: string): Promise<IncomingRecord[]> {
  const records: IncomingRecord[] = [];
  const options = { from: "beginning", until: "end", logger: silentLogger } as const;
  for await (const record of tail({ kafka: suite.kafka, topics: [topic], ...options })) {
    records.push(record);
  }
  return records;
}

async function decided(): Promise<string[]> {
  const records = await readTopic(suite.topics.decisions);
  return records.map(({ topic, value }) => {
    const { event } = suite.codec.decode(topic, value as Buffer);
    return (event as Events["FraudDecided"]).eventId;
  });
}

const metric = async (line: RegExp) => {
  const text = await (await fetch(`${scorer.url}/metrics`)).text();
  return Number(line.exec(text)?.[1] ?? 0);
};

const sane = { cardFingerprint: "fp_bad", occurredAt: start };

describe("each bad payment has its place, is counted, and the partition goes on", () => {
  const unusable = /^fraud_events_set_aside_total\{reason="unusable"\} (\d+)$/m;
  const quarantined = /^fraud_events_set_aside_total\{reason="quarantined"\} (\d+)$/m;

  test.each<{ what: string; of: Partial<Payment>; key?: string; why: string; counted: RegExp }>([
    { what: "no card", of: { cardFingerprint: "" }, why: "UnusableRecord", counted: unusable },
    { what: "another key", of: {}, key: "fp_x", why: "UnusableRecord", counted: unusable },
    { what: "nothing paid", of: { amountMinor: 0 }, why: "UnusableRecord", counted: unusable },
    { what: "a debt", of: { amountMinor: -5 }, why: "UnusableRecord", counted: unusable },
    { what: "a base debt", of: { baseAmountMinor: -5 }, why: "UnusableRecord", counted: unusable },
    { what: "a NUL", of: { merchantId: "m\0" }, why: "UnusableRecord", counted: unusable },
    { what: "no currency", of: { currency: "btc1" }, why: "UnusableRecord", counted: unusable },
    {
      what: "a foreign base",
      of: { baseCurrency: "ZZZ" },
      why: "UnusableRecord",
      counted: unusable,
    },
    {
      what: "the far future",
      of: { occurredAt: Date.UTC(2100, 0, 1) },
      why: "FutureEvent",
      counted: quarantined,
    },
    { what: "no time", of: { occurredAt: 8.64e15 + 1 }, why: "UnusableRecord", counted: unusable },
  ])("$what", async ({ what, of, key = "fp_bad", why, counted }) => {
    const before = await metric(counted);
    const event = buildEvent("PaymentRequested", { ...sane, ...of });
    const value = suite.codec.encode("card-activity", "PaymentRequested", event);
    const headers = { id: what, eventType: "PaymentRequested" };
    const partition = 2;
    await suite.producer.send([{ topic: suite.topics.activity, partition, key, value, headers }]);
    const good = { id: `after ${what}`, fields: { cardFingerprint: "fp_good", occurredAt: start } };
    await suite.publish("PaymentRequested", [good]);
    await suite.settled();
    const letters = await readTopic(suite.topics.deadLetters);
    const letter = letters.find(({ headers: { id } }) => id === what);
    expect(letter?.headers).toMatchObject({ dlq_error_class: why, dlq_original_partition: "2" });
    expect(letter?.value?.equals(value)).toBe(true);
    expect(await metric(counted)).toBe(before + 1);
    const all = await decided();
    expect([all.includes(what), all.includes(good.id)]).toEqual([false, true]);
  });

  test("an ancient one goes to the late output alone", async () => {
    const at = (id: string, occurredAt: number) => ({
      id,
      fields: { cardFingerprint: "fp_old", occurredAt },
    });
    const hourMs = 3_600_000;
    await suite.publish("PaymentRequested", [
      at("now", start + 3 * hourMs),
      at("late", start + 3 * hourMs - 60_000),
      at("ancient", start),
    ]);
    await suite.settled();
    const late = (await readTopic(suite.topics.late)).map(({ headers: { id } }) => id);
    expect(late).toEqual(expect.arrayContaining(["late", "ancient"]));
    const all = await decided();
    expect(["now", "late", "ancient"].filter((id) => all.includes(id))).toEqual(["now", "late"]);
    expect(await metric(/^fraud_events_set_aside_total\{reason="late"\} (\d+)$/m)).toBe(1);
  });

  test("one that comes twice is decided once", async () => {
    const twice = { id: "twice", fields: { cardFingerprint: "fp_twice", occurredAt: start } };
    await suite.publish("PaymentRequested", [twice, twice]);
    await suite.settled();
    expect((await decided()).filter((id) => id === "twice")).toHaveLength(1);
    expect(await metric(/^fraud_events_set_aside_total\{reason="duplicate"\} (\d+)$/m)).toBe(1);
  });
});

test("ten thousand payments of one card in a minute: bounded, all decided, and still noticed", async () => {
  const count = 10_000;
  // Later than all before: some of it moved time on by hours.
  const begin = start + 6 * 3_600_000;
  const flood = Array.from({ length: count }, (_, index) => ({
    id: `flood-${index}`,
    fields: { cardFingerprint: "fp_flood", occurredAt: begin + 6 * index },
  }));
  await suite.publish("PaymentRequested", flood);
  await suite.settled(120_000);
  const outcomes = new Map<string, number>();
  for (const { topic, value } of await readTopic(suite.topics.decisions)) {
    const { event } = suite.codec.decode(topic, value as Buffer);
    const { eventId, outcome } = event as Events["FraudDecided"];
    if (eventId.startsWith("flood-")) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  expect([...outcomes.values()].reduce((sum, one) => sum + one, 0)).toBe(count);
  expect(outcomes.get("APPROVE") ?? 0).toBeLessThan(10);
  const { rows } = await suite.database.database.read(
    "SELECT length(state) AS bytes FROM card_state WHERE card = 'fp_flood'",
  );
  expect(Number(rows[0]?.["bytes"])).toBeLessThan(64 * 1024);
}, 180_000);

test("all of it is what the log says", async () => {
  expect((await suite.verify()).differences).toEqual([]);
});
