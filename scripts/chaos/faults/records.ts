import { randomBytes, randomUUID } from "node:crypto";
import { topicNames } from "@holdfast/contracts";
import { type IncomingRecord, type OutgoingRecord, tail } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import type { Fault, FaultContext } from "./fault.ts";

async function inject(
  { suite, history }: FaultContext,
  records: readonly OutgoingRecord[],
): Promise<void> {
  history.facts.injected.push(...(await suite.producer.send(records)));
}

const largest = 1_000;

async function newestRecords({ suite }: FaultContext): Promise<IncomingRecord[]> {
  const records: IncomingRecord[] = [];
  const all = tail({
    kafka: suite.kafka,
    topics: topicNames,
    from: "beginning",
    until: "end",
    logger: silentLogger,
  });
  for await (const record of all) records.push(record);
  return records.slice(-largest);
}

/** Three in ten of the records come once more, in any order, with their bytes, keys and ids. */
const duplicates: Fault = {
  name: "duplicates",
  mustAccept: true,
  strike: async (context) => {
    const { random } = context;
    const again = (await newestRecords(context))
      .filter(({ headers, key }) => headers["id"] !== undefined && key !== null)
      .filter(() => random.next() < 0.3)
      .map((record) => ({ record, place: random.next() }))
      .sort((a, b) => a.place - b.place);
    await inject(
      context,
      again.map(({ record: { topic, partition, key, value, rawHeaders } }) => ({
        topic,
        partition,
        key,
        value,
        headers: rawHeaders,
      })),
    );
  },
};

const unknownSchema = (): Buffer =>
  Buffer.concat([Buffer.from([0, 0x77, 0x35, 0x94, 0]), randomBytes(16)]);

/** Bytes that nobody can read, on every topic. */
const poison: Fault = {
  name: "poison",
  mustAccept: true,
  strike: (context) =>
    inject(
      context,
      topicNames.flatMap((topic) => [
        { topic, key: "poison", value: randomBytes(32) },
        { topic, key: "poison", value: Buffer.concat([Buffer.from([1]), randomBytes(32)]) },
        { topic, key: "poison", value: unknownSchema() },
        { topic, key: "poison", value: randomBytes(900_000) },
        { topic, key: null, value: randomBytes(32) },
      ]),
    ),
};

const tenMinutesMs = 600_000;

/** Payments from a producer whose clock is ten minutes ahead, and from one that is behind. */
const clockSkew: Fault = {
  name: "clock-skew",
  mustAccept: true,
  strike: async (context) => {
    const { codec } = context.suite;
    const now = Date.now();
    const records = [now + tenMinutesMs, now - tenMinutesMs].map((occurredAt): OutgoingRecord => {
      const cardFingerprint = `fp_v1_${randomBytes(16).toString("hex")}`;
      const value = codec.encode("card-activity", "PaymentRequested", {
        paymentId: randomUUID(),
        orderId: null,
        customerId: "cust_skewed",
        cardFingerprint,
        merchantId: "merchant_demo_001",
        amountMinor: 1_000,
        currency: "USD",
        baseAmountMinor: 1_000,
        baseCurrency: "USD",
        cardBrand: null,
        cardFirst6: null,
        cardLast4: null,
        occurredAt,
      });
      const headers = { id: randomUUID(), eventType: "PaymentRequested" };
      return { topic: "card-activity", key: cardFingerprint, value, headers };
    });
    await inject(context, records);
  },
};

/** Faults of what lies on the topics. */
export const recordFaults: readonly Fault[] = [duplicates, poison, clockSkew];
