// What this package's integration tests share: names of their own on the real broker, and clean-up.
import { silentLogger } from "@holdfast/telemetry";
import { testStack } from "@holdfast/testkit";
import { afterAll } from "@jest/globals";
import { createKafka, type KafkaClient } from "../kafka.ts";
import { createProducer, type Producer } from "../producer.ts";
import type { IncomingRecord } from "../record.ts";
import { uniqueName } from "../system.ts";
import { type TailOptions, tail } from "../tail.ts";
import { createTopicAdmin, type TopicAdmin } from "../topic-admin.ts";

export interface TestBroker {
  readonly kafka: KafkaClient;
  readonly admin: TopicAdmin;
  readonly producer: Producer;
  /** Creates a topic with a unique name. */
  topic(partitions?: number, config?: Record<string, string>): Promise<string>;
  /** Creates a topic of exactly this name. */
  topicNamed(name: string, partitions?: number): Promise<string>;
  /** A unique group name. */
  group(): string;
  /** Ends when the test file does, if the test did not end it. */
  running<T extends { stop(): Promise<void> }>(part: T): T;
  /** All records of topics, as they are now. */
  read(topics: string[], options?: Partial<TailOptions>): Promise<IncomingRecord[]>;
}

/** Call once at the top of a test file. */
export function useTestBroker(brokers = testStack().kafkaBrokers): TestBroker {
  const kafka = createKafka({ brokers, clientId: "test", logger: silentLogger });
  const admin = createTopicAdmin({ kafka });
  const producer = createProducer({ kafka, logger: silentLogger });
  const topics: string[] = [];
  const groups: string[] = [];
  const parts: { stop(): Promise<void> }[] = [];
  const topicNamed = async (name: string, partitions = 1, config = {}) => {
    await admin.ensureTopics([{ name, partitions, config }]);
    topics.push(name);
    return name;
  };

  afterAll(async () => {
    await Promise.all(parts.map((part) => part.stop()));
    await producer.stop();
    if (topics.length > 0) await admin.deleteTopics(topics);
    // Groups that never committed are gone already.
    if (groups.length > 0) await admin.deleteGroups(groups).catch(() => undefined);
    await admin.close();
  });

  return {
    kafka,
    admin,
    producer,
    topic: (partitions, config) => topicNamed(uniqueName("test"), partitions, config),
    topicNamed,
    group: () => {
      const group = uniqueName("test");
      groups.push(group);
      return group;
    },
    running: (part) => {
      parts.push(part);
      return part;
    },
    read: async (names, options = {}) => {
      const records: IncomingRecord[] = [];
      const reading = tail({
        kafka,
        topics: names,
        from: "beginning",
        until: "end",
        logger: silentLogger,
        ...options,
      });
      for await (const record of reading) records.push(record);
      return records;
    },
  };
}

/** `count` records with keys and values that tell them apart. */
export function numbered(topic: string, count: number, partition?: number) {
  return Array.from({ length: count }, (_, index) => ({
    topic,
    key: `key-${index}`,
    value: Buffer.from(String(index)),
    ...(partition !== undefined && { partition }),
  }));
}

/** The value of a record from {@link numbered}. */
export function numberOf(record: IncomingRecord): number {
  return Number(record.value?.toString());
}
