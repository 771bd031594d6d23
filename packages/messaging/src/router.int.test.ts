import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { schemas, subjectOf } from "@holdfast/contracts";
import { silentLogger } from "@holdfast/telemetry";
import { testStack, waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import avro from "avsc";
import { type Codec, createCodec } from "./codec.ts";
import { deadLetterTopic } from "./dead-letter.ts";
import { TransientError } from "./errors.ts";
import { deadLetter } from "./middleware/dead-letter.ts";
import { decode } from "./middleware/decode.ts";
import { metrics } from "./middleware/metrics.ts";
import { retry } from "./middleware/retry.ts";
import { timeout } from "./middleware/timeout.ts";
import { trace } from "./middleware/trace.ts";
import type { OutgoingRecord } from "./producer.ts";
import { type Handlers, on } from "./route.ts";
import { createRouter } from "./router.ts";
import { registerSchemas } from "./schema-deployment.ts";
import { useTestBroker } from "./testing/test-broker.ts";
import { orderPlaced } from "./testing/test-records.ts";

const broker = useTestBroker();
const cacheDir = mkdtempSync(join(tmpdir(), "router-"));
const registryUrl = testStack().schemaRegistryUrl;
let codec: Codec;

beforeAll(async () => {
  // Everybody's subjects, registered as a deployment would: doing it again changes nothing.
  await registerSchemas(registryUrl);
  codec = await createCodec({ registryUrl, cacheDir, topics: ["orders"], logger: silentLogger });
});
afterAll(() => rmSync(cacheDir, { recursive: true }));

interface Line {
  readonly topic: string;
  readonly group: string;
  readonly dlq: string;
}

async function createLine(partitions = 1): Promise<Line> {
  const [topic, group] = [await broker.topic(partitions), broker.group()];
  return { topic, group, dlq: await broker.topicNamed(deadLetterTopic(topic, group), partitions) };
}

async function startRouter({ topic, group }: Line, handlers: Handlers<"orders">) {
  const { kafka, producer } = broker;
  const router = broker.running(
    createRouter({
      kafka,
      group,
      logger: silentLogger,
      middleware: [
        trace(),
        metrics(),
        deadLetter({ producer }),
        retry({ baseDelayMs: 20, maxDelayMs: 100 }),
        timeout(5_000),
        decode(codec),
      ],
      routes: [on("orders", handlers, { topicName: topic })],
    }),
  );
  await router.start();
  await router.joined();
  return router;
}

const placed = (topic: string, number: number, parts: Partial<OutgoingRecord> = {}) => ({
  topic,
  key: "cust_1",
  value: codec.encode("orders", "OrderPlaced", { ...orderPlaced, amountMinor: number }),
  headers: { id: `event-${number}`, eventType: "OrderPlaced" },
  ...parts,
});

describe("a router", () => {
  test("gives each event to its handler, in order, and commits behind it", async () => {
    const line = await createLine();
    const seen: unknown[] = [];
    const router = await startRouter(line, {
      OrderPlaced: async ({ event, key, id }) => void seen.push([event.amountMinor, key, id]),
    });
    await broker.producer.send(Array.from({ length: 50 }, (_, index) => placed(line.topic, index)));
    await waitFor(() => seen.length === 50, { limitMs: 10_000 });
    await router.stop();
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => [i, "cust_1", `event-${i}`]));
    const [lag] = await broker.admin.lag(line.group, [line.topic]);
    expect(lag?.lagRecords).toBe(0);
  });

  test("dead-letters poison whole within a second, and the partition moves on", async () => {
    const line = await createLine();
    const seen: number[] = [];
    await startRouter(line, {
      OrderPlaced: async ({ event }) => void seen.push(event.amountMinor),
    });
    const { topic } = line;
    const unknownSchema = Buffer.from(placed(topic, 1).value ?? "");
    unknownSchema.writeUInt32BE(2_000_000_000, 1);
    const poison: OutgoingRecord[] = [
      { topic, key: "k", value: Buffer.from("random bytes"), headers: { id: "1" } },
      { topic, key: "k", value: Buffer.from([1, 0, 0, 0, 1, 7]) },
      { topic, key: "k", value: unknownSchema, headers: { odd: Buffer.from([0xff, 0xfe]) } },
      placed(topic, 2, { key: null }),
      { topic, key: "k", value: null },
      { topic, key: "k", value: Buffer.alloc(900_000, 7) },
    ];
    await broker.producer.send([...poison, placed(topic, 77)]);
    await waitFor(() => seen.length === 1, { limitMs: 2_000 });
    expect(seen).toEqual([77]);
    const letters = await broker.read([line.dlq]);
    expect(letters.map(({ value }) => value)).toEqual(poison.map(({ value }) => value));
    expect(letters.map(({ key }) => key?.toString() ?? null)).toEqual(poison.map(({ key }) => key));
    expect(letters.map(({ headers }) => headers["dlq_original_offset"])).toEqual([..."012345"]);
    expect(letters[0]?.headers["id"]).toBe("1");
    expect(letters[2]?.rawHeaders["odd"]).toEqual(Buffer.from([0xff, 0xfe]));
  });

  test("dead-letters what an incompatible producer wrote past the registry's rules", async () => {
    const line = await createLine();
    const rogue = { ...schemas.OrderPlaced, fields: [{ name: "orderId", type: "long" }] };
    const subject = `${line.topic}-${subjectOf("orders", "OrderPlaced")}`;
    const [registered] = await registerSchemas(registryUrl, [
      { subject, schema: JSON.stringify(rogue) },
    ]);
    const type = avro.Type.forSchema(rogue as unknown as avro.Schema);
    const value = Buffer.concat([Buffer.alloc(5), type.toBuffer({ orderId: 5 })]);
    value.writeUInt32BE(registered?.id ?? 0, 1);
    await startRouter(line, { OrderPlaced: async () => undefined });
    await broker.producer.send([{ topic: line.topic, key: "k", value }]);
    const letters = await waitFor(
      async () => {
        const found = await broker.read([line.dlq]);
        return found.length > 0 && found;
      },
      { limitMs: 5_000 },
    );
    expect(letters[0]?.headers).toMatchObject({ dlq_error_class: "DecodeError" });
    await fetch(`${registryUrl}/subjects/${subject}`, { method: "DELETE" });
  });

  test("holds up one partition for a transient error, and no other", async () => {
    const line = await createLine(2);
    let down = true;
    const seen: number[] = [];
    await startRouter(line, {
      OrderPlaced: async ({ event, record }) => {
        if (record.partition === 0 && down) throw new TransientError("down");
        seen.push(event.amountMinor);
      },
    });
    const { topic } = line;
    await broker.producer.send([
      placed(topic, 1, { partition: 0 }),
      placed(topic, 2, { partition: 0 }),
      placed(topic, 3, { partition: 1 }),
    ]);
    await waitFor(() => seen.includes(3), { limitMs: 5_000 });
    expect(seen).toEqual([3]);
    down = false;
    await waitFor(() => seen.length === 3, { limitMs: 5_000 });
    expect(seen).toEqual([3, 1, 2]);
    expect(await broker.read([line.dlq])).toEqual([]);
  });

  test("finishes the record in hand when it stops, and leaves the next for its successor", async () => {
    const line = await createLine();
    const [begun, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const seen: string[] = [];
    const first = await startRouter(line, {
      OrderPlaced: async ({ event }) => {
        begun.resolve();
        await release.promise;
        seen.push(`first ${event.amountMinor}`);
      },
    });
    await broker.producer.send([placed(line.topic, 1), placed(line.topic, 2)]);
    await begun.promise;
    const stopping = first.stop();
    release.resolve();
    await stopping;
    await startRouter(line, {
      OrderPlaced: async ({ event }) => void seen.push(`second ${event.amountMinor}`),
    });
    await waitFor(() => seen.length === 2, { limitMs: 10_000 });
    expect(seen).toEqual(["first 1", "second 2"]);
  });

  test("skips events that nobody here handles", async () => {
    const line = await createLine();
    const seen: number[] = [];
    await startRouter(line, {
      OrderPlaced: async ({ event }) => void seen.push(event.amountMinor),
    });
    const headers = { id: "x", eventType: "OrderConfirmed" };
    await broker.producer.send([placed(line.topic, 1, { headers }), placed(line.topic, 2)]);
    await waitFor(() => seen.length === 1, { limitMs: 5_000 });
    expect(seen).toEqual([2]);
  });
});
