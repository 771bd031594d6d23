import { silentLogger } from "@holdfast/telemetry";
import {
  type StartedStack,
  startStack,
  type TestStack,
  testStack,
  waitFor,
} from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createKafka, type KafkaClient } from "./kafka.ts";
import { createPartitionProcessor } from "./partition-processor.ts";
import { createProducer } from "./producer.ts";
import { offsetAfter } from "./record.ts";
import { createTopicAdmin } from "./topic-admin.ts";

// A broker of its own, because it is taken down.
let started: StartedStack;
let stack: TestStack;
let kafka: KafkaClient;

beforeAll(async () => {
  started = await startStack({ name: "messaging-restart", only: ["kafka"] });
  stack = testStack(started.runFile);
  kafka = createKafka({ brokers: stack.kafkaBrokers, clientId: "test", logger: silentLogger });
}, 60_000);
afterAll(() => started.stop(), 60_000);

describe("a broker that goes away and comes back", () => {
  test.each(["SIGTERM", "SIGKILL"] as const)(
    "costs no acknowledged record and no consumer (%s)",
    async (signal) => {
      const topic = `restart-${signal}`;
      const admin = createTopicAdmin({ kafka });
      await admin.ensureTopics([{ name: topic, partitions: 2, config: {} }]);
      const producer = createProducer({ kafka, logger: silentLogger });
      const seen = new Set<string>();
      const consumer = createPartitionProcessor({
        kafka,
        group: topic,
        topics: [topic],
        logger: silentLogger,
        process: async (partition) => {
          for (;;) {
            const records = await partition.take(100);
            const last = records.at(-1);
            if (last === undefined) return;
            for (const { value } of records) seen.add(value?.toString() ?? "");
            partition.commit(offsetAfter(last.offset));
          }
        },
      });
      await consumer.start();
      await consumer.joined();
      const acknowledged: string[] = [];
      let number = 0;
      let ended = false;
      const sending = (async () => {
        while (!ended) {
          const value = String(number++);
          const sent = producer.send([{ topic, key: value, value: Buffer.from(value) }]);
          await sent.then(
            () => acknowledged.push(value),
            () => undefined,
          );
        }
      })();
      await waitFor(() => acknowledged.length > 50, { limitMs: 10_000 });
      await stack.control.stop("kafka", signal);
      await stack.control.start("kafka");
      const before = acknowledged.length;
      await waitFor(() => acknowledged.length > before + 50, { limitMs: 60_000, what: "sending" });
      ended = true;
      await sending;
      await waitFor(() => acknowledged.every((value) => seen.has(value)), {
        limitMs: 60_000,
        what: "every acknowledged record",
      });
      expect(consumer.health().connected).toBe(true);
      await Promise.all([consumer.stop(), producer.stop(), admin.close()]);
    },
    120_000,
  );
});
