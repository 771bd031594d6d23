import { type Codec, createKafka, createProducer, createTopicAdmin, on } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { systemClock } from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";
import { buildEvent, jsonCodec, testStack, useTestDatabase, waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Consumer, createConsumer } from "./consumer.ts";

const db = useTestDatabase();
const logger = silentLogger;
const kafka = createKafka({ brokers: testStack().kafkaBrokers, clientId: "test", logger });
const producer = createProducer({ kafka, logger });
const admin = createTopicAdmin({ kafka });
const name = `test-event-service-${process.pid}`;
const topic = `${name}-orders`;
const topics = [topic, `${topic}.${name}.dlq`];
const codec: Codec = {
  encode: jsonCodec.encode,
  decode: (_topic, value) => ({ ...jsonCodec.decode(value), schemaId: 1 }) as never,
  ensureWriter: async () => undefined,
  schemaId: () => 1,
};

/** What a service has, whose only deed is to reserve stock for each order. */
function openConsumer(): Consumer {
  const { database } = db;
  const ground = { name, clock: systemClock, logger, codec, database, kafka, producer };
  const onOrderPlaced = async (_message: unknown, tx: Tx): Promise<void> => {
    await tx.publish("stock", "StockReserved", buildEvent("StockReserved"), {
      key: "ann",
      entityId: "order-1",
    });
  };
  return createConsumer(ground, {
    entityOrder: "enforced",
    routes: [on<"orders", Tx>("orders", { OrderPlaced: onOrderPlaced }, { topicName: topic })],
  });
}

/** Sends an order's next event; the same version is the same event again. */
async function send(type: "OrderPlaced" | "OrderAccepted", version: number): Promise<void> {
  const headers = {
    id: `00000000-0000-7000-8000-00000000000${version}`,
    eventType: type,
    entityId: "order-1",
    entityVersion: String(version),
  };
  const value = jsonCodec.encode("orders", type, buildEvent(type));
  await producer.send([{ topic, key: Buffer.from("ann"), value, headers }]);
}

let consumer: Consumer;
beforeAll(async () => {
  await admin.ensureTopics(topics.map((each) => ({ name: each, partitions: 1, config: {} })));
  await producer.start();
  consumer = openConsumer();
  for (const part of [...consumer.sweepers, consumer.processor]) await part.start();
});
afterAll(async () => {
  for (const part of [consumer.processor, ...consumer.sweepers]) await part.stop();
  await producer.stop();
  await admin.deleteTopics(topics);
  await admin.close();
});

test("events take effect once and in order; what nobody can read is a dead letter", async () => {
  await send("OrderPlaced", 1);
  await send("OrderPlaced", 1);
  await send("OrderAccepted", 2); // without a handler: no gap
  await producer.send([{ topic, key: "ann", value: null }]);
  await send("OrderPlaced", 3);
  await waitFor(async () => (await db.published()).length === 2, { limitMs: 30_000 });
  const letters = await consumer.deadLetters.list({ limit: 10 });
  expect(letters).toMatchObject([{ state: "open", originalTopic: topic, originalOffset: "3" }]);
  expect((await db.published()).map(({ type }) => type)).toEqual([
    "StockReserved",
    "StockReserved",
  ]);
});
