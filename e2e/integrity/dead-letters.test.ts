import { randomBytes } from "node:crypto";
import { topics } from "@holdfast/contracts";
import { createProducer, type OutgoingRecord, type Producer } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { findRecord, kafkaOfSuite } from "../support/log.ts";
import { placeOrder, registerCard, waitForStatus } from "../support/shop.ts";

/** One consumer of each topic, whose dead letters the test reads. */
const CONSUMERS = [
  ["orders", "payment"],
  ["payments", "order"],
  ["stock", "order"],
  ["card-activity", "fraud-scoring"],
  ["fraud-decisions", "payment"],
  ["fraud-alerts", "notification"],
] as const;

const magic = (schemaId: number): Buffer => {
  const frame = Buffer.alloc(16);
  frame.writeInt32BE(schemaId, 1);
  return frame;
};

const POISON: readonly [string, (marker: string) => Omit<OutgoingRecord, "topic">][] = [
  ["random bytes", (marker) => ({ key: "poison", value: Buffer.from(marker) })],
  ["a wrong magic byte", (marker) => ({ key: "poison", value: Buffer.from(`\u0001${marker}`) })],
  [
    "an unknown schema id",
    (marker) => ({
      key: "poison",
      value: Buffer.concat([magic(2_000_000_000), Buffer.from(marker)]),
    }),
  ],
  ["no key", (marker) => ({ key: null, value: Buffer.from(marker) })],
];

let producer: Producer;

beforeAll(async () => {
  producer = createProducer({ kafka: kafkaOfSuite(), logger: silentLogger });
  await producer.start();
});

afterAll(() => producer.stop());

describe.each(CONSUMERS)("a record that nobody can read on %s", (topic, group) => {
  test.each(POISON)("with %s is kept whole in the dead-letter topic", async (_, make) => {
    const marker = randomBytes(12).toString("hex");
    const record = make(marker);
    const [position] = await producer.send([{ topic, ...record }]);
    const dead = await findRecord([`${topic}.${group}.dlq`], ({ value }) =>
      String(value).includes(marker),
    );
    expect(dead.value).toEqual(record.value);
    expect(dead.headers).toMatchObject({
      dlq_original_topic: topic,
      dlq_original_partition: String(position?.partition),
      dlq_original_offset: position?.offset,
      dlq_group: group,
    });
    expect(JSON.stringify(dead.headers)).not.toContain(marker);
  });
});

test("an order goes through while every topic holds poison", async () => {
  const value = Buffer.from("poison");
  const everywhere = Object.values(topics).flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({
      topic: name,
      partition,
      key: "poison",
      value,
    })),
  );
  await producer.send(everywhere);
  const customerId = "cust_demo_031";
  const paymentMethodId = await registerCard(customerId);
  await waitForStatus(
    await placeOrder({ customerId, paymentMethodId, sku: "SKU-MUG" }),
    "confirmed",
  );
});
