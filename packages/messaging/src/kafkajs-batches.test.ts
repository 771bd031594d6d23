import { createRequire } from "node:module";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { KafkaMessage } from "kafkajs";
import { groupByPartition, passRecord, readBatch, writeBatch } from "./kafkajs-batches.ts";
import { KafkaRecord } from "./record.ts";
import { crc32c } from "./wire/crc32c.ts";
import { murmur2 } from "./wire/murmur2.ts";

// The client's own inner modules, as they are before the repairs replace them.
const require = createRequire(import.meta.url);
const original = {
  Record: require("kafkajs/src/protocol/recordBatch/record/v0/index.js"),
  RecordBatch: require("kafkajs/src/protocol/recordBatch/v0/index.js").RecordBatch,
  readBatch: require("kafkajs/src/protocol/recordBatch/v0/decoder.js"),
  Decoder: require("kafkajs/src/protocol/decoder.js"),
  murmur2: require("kafkajs/src/producer/partitioners/default/murmur2.js"),
  crc32c: require("kafkajs/src/protocol/recordBatch/crc32C/index.js"),
  groupByPartition: require("kafkajs/src/producer/groupMessagesPerPartition.js"),
};

const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));
const part = fc.oneof(fc.constant(null), bytes(300), fc.string({ unit: "grapheme" }));
const header = fc.oneof(
  bytes(40),
  fc.string(),
  fc.array(bytes(10), { minLength: 1, maxLength: 3 }),
);
// The client mistakes what every object inherits for a header that it has read before.
const name = fc
  .string({ minLength: 1, unit: "grapheme" })
  .filter((some) => !(some in Object.prototype));
const record = fc.record({
  key: part,
  value: part,
  headers: fc.dictionary(name, header, {
    maxKeys: 4,
    noNullPrototype: true,
  }),
  timestampDelta: fc.nat(100_000_000),
});
const batch = fc.array(record, { minLength: 1, maxLength: 30 });
const gzip = 1;
const compression = fc.constantFrom(0, gzip);
const times = { firstTimestamp: 1_767_225_600_000, maxTimestamp: 1_767_225_700_000 };

describe("batches of records", () => {
  test("are written in the client's own bytes", async () => {
    await fc.assert(
      fc.asyncProperty(batch, async (records) => {
        const given = { compression: 0, ...times, lastOffsetDelta: records.length - 1 };
        const own = await writeBatch({ ...given, records: records.map(passRecord) });
        const wanted = await original.RecordBatch({
          ...given,
          records: records.map((one, offsetDelta) => original.Record({ ...one, offsetDelta })),
        });
        expect(own.buffer.equals(wanted.buffer)).toBe(true);
      }),
    );
  });

  test("are read as the client reads them, packed and not", async () => {
    await fc.assert(
      fc.asyncProperty(batch, compression, async (records, codec) => {
        const { buffer } = await writeBatch({ compression: codec, ...times, records });
        const { records: own, ...context } = await readBatch(new original.Decoder(buffer));
        const { records: wanted, ...expected } = await original.readBatch(
          new original.Decoder(buffer),
        );
        expect(context).toEqual(expected);
        for (const [index, want] of wanted.entries()) {
          const { offset, timestamp, key, value, headers, isControlRecord } = want;
          expect(own[index]).toMatchObject({ offset, timestamp, key, value, isControlRecord });
          expect(own[index]?.headers).toEqual(headers);
        }
        expect(own).toHaveLength(wanted.length);
      }),
    );
  });

  test("have headers of any name, those that every object inherits too", async () => {
    const value = Buffer.from("some");
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    const headers = Object.fromEntries(names.map((name) => [name, value]));
    const { buffer } = await writeBatch({
      compression: 0,
      ...times,
      records: [{ key: "k", value: "v", headers, timestampDelta: 0 }],
    });
    const { records } = await readBatch(new original.Decoder(buffer));
    const [read] = records;
    expect(Object.entries(read?.headers ?? {})).toEqual(names.map((name) => [name, value]));
    expect(Object.entries(read?.textHeaders ?? {})).toEqual(names.map((name) => [name, "some"]));
    const record = new KafkaRecord("orders", 0, read as unknown as KafkaMessage);
    expect(Object.entries(record.rawHeaders)).toEqual(names.map((name) => [name, value]));
  });

  test("that are cut off are an error that the client knows", async () => {
    const records = [{ key: "k", value: "v", timestampDelta: 0 }];
    const { buffer } = await writeBatch({ compression: 0, ...times, records });
    const cut = new original.Decoder(buffer.subarray(0, -1));
    await expect(readBatch(cut)).rejects.toMatchObject({ name: "KafkaJSPartialMessageError" });
  });

  test("that lie about their lengths end in an error, not beyond their bytes", async () => {
    const records = [{ key: "k", value: Buffer.alloc(50), timestampDelta: 0 }];
    const { buffer } = await writeBatch({ compression: 0, ...times, records });
    for (let at = 61; at < buffer.length; at += 1) {
      const bent = Buffer.from(buffer);
      bent[at] = 0xfe;
      const outcome = await readBatch(new original.Decoder(bent)).catch((error) => error);
      if (!("records" in outcome)) expect(outcome).toBeInstanceOf(RangeError);
    }
  });
});

test("checksums, partitions and groups are those of the client", () => {
  fc.assert(
    fc.property(bytes(100), (some) => {
      expect(crc32c(some)).toBe(original.crc32c(some));
      expect(murmur2(some)).toBe(original.murmur2(some));
    }),
    { numRuns: 1_000 },
  );
  const given = {
    topic: "orders",
    partitionMetadata: [0, 1, 2],
    messages: ["a", "b", "c", "d", "e"].map((key) => ({ key })),
    partitioner: ({ message }: { message: { key: string } }) => message.key.charCodeAt(0) % 3,
  };
  expect(groupByPartition(given)).toEqual(original.groupByPartition(given));
});
