import { silentLogger } from "@holdfast/telemetry";
import { describe, expect, test } from "@jest/globals";
import { natureOf } from "./errors.ts";
import {
  createProducer,
  type OutgoingRecord,
  ProducerOverloaded,
  RecordTooLarge,
} from "./producer.ts";
import { numbered, numberOf, useTestBroker } from "./testing/test-broker.ts";

const broker = useTestBroker();

describe("a producer", () => {
  test("tells the position of each record, in the order given", async () => {
    const topic = await broker.topic(3);
    const positions = await broker.producer.send(numbered(topic, 60));
    const onLog = await broker.read([topic]);
    for (const [index, { partition, offset }] of positions.entries()) {
      const there = onLog.find((r) => r.partition === partition && r.offset === offset);
      expect(there === undefined ? undefined : numberOf(there)).toBe(index);
    }
    expect(new Set(positions.map(({ partition }) => partition)).size).toBe(3);
  });

  test("keeps the order of calls that were not awaited, and answers each of them", async () => {
    const topic = await broker.topic();
    const calls = numbered(topic, 500).map((record) => broker.producer.send([record]));
    const offsets = (await Promise.all(calls)).map(([position]) => Number(position?.offset));
    expect(offsets).toEqual([...Array(500).keys()]);
    expect((await broker.read([topic])).map(numberOf)).toEqual([...Array(500).keys()]);
  });

  test("sends calls larger than a request in order, compressed with zstd or not", async () => {
    for (const compression of ["none", "zstd"] as const) {
      const { kafka } = broker;
      const producer = broker.running(createProducer({ kafka, logger: silentLogger, compression }));
      const topic = await broker.topic();
      const value = (index: number) => Buffer.alloc(100_000, index);
      await producer.send(
        Array.from({ length: 30 }, (_, index) => ({ topic, key: "k", value: value(index) })),
      );
      const read = await broker.read([topic]);
      expect(read.map((record) => record.value?.at(-1))).toEqual([...Array(30).keys()]);
    }
  });

  test("puts a key on the partition where Java's clients put it", async () => {
    const topic = await broker.topic(6);
    const keys = ["customer", "21", "foobar", "a", "card_fp_v1_abc", "ключ"];
    const positions = await broker.producer.send(keys.map((key) => ({ topic, key, value: null })));
    const expected = keys.map((key) => murmur2Partition(key, 6));
    expect(positions.map(({ partition }) => partition)).toEqual(expected);
  });

  test("refuses a record that is too large for good, and goes on", async () => {
    const topic = await broker.topic();
    const large = { topic, key: "k", value: Buffer.alloc(2_000_000) };
    await expect(broker.producer.send([large])).rejects.toThrow(RecordTooLarge);
    expect(await broker.producer.send(numbered(topic, 1))).toMatchObject([{ offset: "0" }]);
  });

  test.each([
    ["header", { headers: { attempt: 1 } }],
    ["value", { value: { amountMinor: 1 } }],
    ["key", { key: 7 }],
    ["partition", { partition: -1 }],
  ])(
    "refuses a record with an unusable %s for good, and the calls beside it go through",
    async (part, wrong) => {
      const topic = await broker.topic();
      const unsendable = { topic, key: "k", value: null, ...wrong } as unknown as OutgoingRecord;
      const [refused, sent] = await Promise.allSettled([
        broker.producer.send([unsendable]),
        broker.producer.send(numbered(topic, 1)),
      ]);
      const { reason } = refused as PromiseRejectedResult;
      expect(reason).toMatchObject({ message: expect.stringContaining(part) });
      expect(natureOf(reason)).toBe("permanent");
      expect(sent.status).toBe("fulfilled");
    },
  );

  test("refuses calls at once when too much is queued", async () => {
    const topic = await broker.topic();
    const { kafka } = broker;
    const producer = broker.running(
      createProducer({ kafka, logger: silentLogger, maxQueuedBytes: 10_000 }),
    );
    const value = Buffer.alloc(8_000);
    const first = producer.send([{ topic, key: "k", value }]);
    await expect(producer.send([{ topic, key: "k", value }])).rejects.toThrow(ProducerOverloaded);
    await first;
    await producer.send([{ topic, key: "k", value }]);
    expect(producer.queuedRecords).toBe(0);
  });

  test("says that a topic does not exist", async () => {
    await expect(broker.producer.send(numbered("no-such-topic", 1))).rejects.toThrow(/does not/);
  }, 30_000);
});

/** The reference: murmur2 as in org.apache.kafka.common.utils.Utils, on 32-bit integers. */
function murmur2Partition(key: string, partitions: number): number {
  const data = Buffer.from(key);
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ data.length;
  const blocks = data.length >> 2;
  for (let index = 0; index < blocks; index++) {
    let k = Math.imul(data.readInt32LE(index * 4), m);
    k ^= k >>> 24;
    h = Math.imul(h, m) ^ Math.imul(k, m);
  }
  const tail = blocks * 4;
  const rest = data.length - tail;
  if (rest > 2) h ^= data.readUInt8(tail + 2) << 16;
  if (rest > 1) h ^= data.readUInt8(tail + 1) << 8;
  if (rest > 0) h = Math.imul(h ^ data.readUInt8(tail), m);
  h = Math.imul(h ^ (h >>> 13), m);
  return ((h ^ (h >>> 15)) & 0x7fffffff) % partitions;
}
