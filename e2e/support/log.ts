import {
  createKafka,
  type IncomingRecord,
  type KafkaClient,
  kafkaSecurity,
  tail,
} from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { testStack } from "@holdfast/testkit";

/** A client of the suite's brokers. */
export function kafkaOfSuite(): KafkaClient {
  return createKafka({
    brokers: testStack().kafkaBrokers,
    clientId: "end-to-end",
    logger: silentLogger,
    ...kafkaSecurity(process.env),
  });
}

/** The first record of the topics that `matches`, from their beginning; fails after the limit. */
export async function findRecord(
  topics: readonly string[],
  matches: (record: IncomingRecord) => boolean,
  limitMs = 20_000,
): Promise<IncomingRecord> {
  const signal = AbortSignal.timeout(limitMs);
  const options = { kafka: kafkaOfSuite(), topics, logger: silentLogger, signal };
  for await (const record of tail({ ...options, from: "beginning" })) {
    if (matches(record)) return record;
  }
  throw new Error(`no such record on ${topics.join(", ")} within ${limitMs} ms`);
}

/** Every record that the topics hold now. */
export async function readLog(topics: readonly string[]): Promise<IncomingRecord[]> {
  const records: IncomingRecord[] = [];
  const options = { kafka: kafkaOfSuite(), topics, logger: silentLogger };
  for await (const record of tail({ ...options, from: "beginning", until: "end" })) {
    records.push(record);
  }
  return records;
}
