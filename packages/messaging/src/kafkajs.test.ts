import { createRequire } from "node:module";
import { expect, test } from "@jest/globals";
import { Kafka } from "./kafkajs.ts";
import { groupByPartition, passRecord, readBatch, writeBatch } from "./kafkajs-batches.ts";

const require = createRequire(import.meta.url);

test("the client that everybody gets works with the replaced inner modules", () => {
  expect(new Kafka({ brokers: ["127.0.0.1:1"] })).toBeDefined();
  const inner = (path: string) => require(`kafkajs/src/${path}`) as unknown;
  expect(inner("protocol/recordBatch/v0/index.js")).toMatchObject({ RecordBatch: writeBatch });
  expect(inner("protocol/recordBatch/record/v0/index.js")).toBe(passRecord);
  expect(inner("protocol/recordBatch/v0/decoder.js")).toBe(readBatch);
  expect(inner("producer/groupMessagesPerPartition.js")).toBe(groupByPartition);
});
