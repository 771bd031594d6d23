import {
  createKafka,
  createProducer,
  createTopicAdmin,
  type DecodedEvent,
  deadLetterRecord,
  deadLetterTopic,
  type IncomingRecord,
  tail,
} from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { buildEvent, jsonCodec, testStack, useTestDatabase } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { createDeadLetterOffice } from "./dead-letter-office.ts";

const db = useTestDatabase();
const kafka = createKafka({
  brokers: testStack().kafkaBrokers,
  clientId: "test",
  logger: silentLogger,
});
const producer = createProducer({ kafka, logger: silentLogger });
const admin = createTopicAdmin({ kafka });
const group = "payment";
const codec = {
  decode: (_topic: string, value: Buffer) =>
    ({ ...jsonCodec.decode(value), schemaId: 1 }) as DecodedEvent,
  ensureWriter: async () => undefined,
};

let topic: string;
let dlq: string;
const made: string[] = [];

const office = () =>
  createDeadLetterOffice({
    database: db.database,
    kafka,
    producer,
    codec,
    group,
    topics: [topic],
    entityOrder: "enforced",
    logger: silentLogger,
  });

/** One dead letter per version, of one entity and key unless told otherwise; resolves to their ids. */
async function fail(versions: readonly number[], key = "cust_1"): Promise<string[]> {
  const letters = versions.map((version) => deadLetterRecord(recordOf(version, key), failure));
  const positions = await producer.send(letters);
  return positions.map(({ partition, offset }) => `${dlq}/${partition}/${offset}`);
}

const failure = { group, error: new Error("no handler"), attempts: 5, firstFailedAtMs: 0 };

function recordOf(version: number, key: string): IncomingRecord {
  const headers = {
    id: `00000000-0000-7000-8000-${String(version).padStart(12, "0")}`,
    eventType: "OrderAccepted",
    entityId: key,
    entityVersion: String(version),
    traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
  };
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const);
  const event = buildEvent("OrderAccepted", { orderId: key, customerId: key });
  return {
    topic,
    partition: 1,
    offset: String(100 + version),
    key: Buffer.from(key),
    value: jsonCodec.encode("orders", "OrderAccepted", event),
    headers,
    rawHeaders: Object.fromEntries(bytes),
    timestampMs: 0,
  };
}

async function read(name: string): Promise<IncomingRecord[]> {
  const records: IncomingRecord[] = [];
  for await (const record of tail({
    kafka,
    topics: [name],
    from: "beginning",
    until: "end",
    logger: silentLogger,
  })) {
    records.push(record);
  }
  return records;
}

beforeAll(() => producer.start());
beforeEach(async () => {
  await db.clear();
  topic = `test-dead-letters-${process.pid}-${made.length}`;
  dlq = deadLetterTopic(topic, group);
  made.push(topic, dlq);
  await admin.ensureTopics([topic, dlq].map((name) => ({ name, partitions: 2, config: {} })));
});
afterAll(async () => {
  await producer.stop();
  await admin.deleteTopics(made);
  await admin.close();
});

const by = "anna";

describe("dead letters", () => {
  test("are shown with their event, their error and their trace", async () => {
    const [id = ""] = await fail([1]);
    expect(await office().list({ limit: 10 })).toMatchObject([
      { id, state: "open", originalOffset: "101", errorClass: "Error", attempts: 5 },
    ]);
    expect(await office().show(id)).toMatchObject({
      traceId: "a".repeat(32),
      errorMessage: "no handler",
      event: { orderId: "cust_1" },
      undecodable: null,
    });
    expect(await office().show(`${dlq}/0/999`)).toBeUndefined();
  });

  test("that cannot be read are measured, not shown", async () => {
    const poison = { ...recordOf(1, "cust_1"), value: Buffer.from("4111 1111 1111 1111") };
    const [position] = await producer.send([deadLetterRecord(poison, failure)]);
    const shown = await office().show(`${dlq}/${position?.partition}/${position?.offset}`);
    expect(shown).toMatchObject({ event: null, sizeBytes: 19 });
    expect(JSON.stringify(shown)).not.toContain("4111");
  });

  test("go back under their ids, without what the dead-letter topic added, in the order of their key", async () => {
    const ids = await fail([1, 2, 3]);
    await office().redrive({ ids: [...ids].reverse(), by, reason: null });
    const back = await read(topic);
    expect(back.map(({ headers }) => headers["entityVersion"])).toEqual(["1", "2", "3"]);
    const original = recordOf(1, "cust_1");
    expect(back[0]).toMatchObject({ partition: 1, key: original.key, value: original.value });
    expect(back[0]?.headers).toEqual(original.headers);
    expect(await office().list({ limit: 10 })).toEqual([]);
    expect(await office().list({ limit: 10, all: true })).toMatchObject([
      { state: "redriven", settled: { by } },
      { state: "redriven" },
      { state: "redriven" },
    ]);
  });

  test("do not overtake an open one of their key, and others do not hold them up", async () => {
    const [, second = ""] = await fail([1, 2]);
    const [other = ""] = await fail([1], "cust_2");
    const refused = office().redrive({ ids: [second], by, reason: null });
    await expect(refused).rejects.toMatchObject({ problem: { status: 409 } });
    await office().redrive({ ids: [other], by, reason: null });
    expect(await read(topic)).toHaveLength(1);
  });

  test("are settled once, whoever is first", async () => {
    const ids = await fail([1]);
    const settling = [
      office().redrive({ ids, by, reason: null }),
      office().redrive({ ids, by: "bert", reason: null }),
      office().discard({ ids, by: "carl", reason: "poison" }),
    ];
    const outcomes = await Promise.allSettled(settling);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await office().actions(10)).toHaveLength(1);
  });

  test("that are discarded let later versions of their entity follow", async () => {
    const ids = await fail([1, 2]);
    const [first = "", second = ""] = ids;
    await expect(
      office().discard({ ids: [second], by, reason: "seen by hand" }),
    ).rejects.toMatchObject({ problem: { status: 409 } });
    await office().discard({ ids: [first], by, reason: "seen by hand" });
    const { rows } = await db.database.read("SELECT version FROM inbox_entity_positions");
    expect(rows).toEqual([{ version: 1 }]);
    expect(await office().actions(10)).toMatchObject([
      { action: "discarded", reason: "seen by hand", actedBy: by, traceId: "a".repeat(32) },
    ]);
    expect(await read(topic)).toEqual([]);
  });

  test("stay open when they could not be sent", async () => {
    const ids = await fail([1]);
    const failing = createDeadLetterOffice({
      database: db.database,
      kafka,
      producer: { send: () => Promise.reject(new Error("broker down")) },
      codec,
      group,
      topics: [topic],
      logger: silentLogger,
    });
    await expect(failing.redrive({ ids, by, reason: null })).rejects.toThrow("broker down");
    expect(await office().list({ limit: 10 })).toMatchObject([{ state: "open" }]);
  });

  test.each([
    "UPDATE dead_letter_actions SET acted_by = 'nobody'",
    "DELETE FROM dead_letter_actions",
    "TRUNCATE dead_letter_actions",
  ])("leave an audit log that the service cannot change: %s", async (statement) => {
    await expect(db.database.read(statement)).rejects.toThrow("permission denied");
  });
});
