import { silentLogger } from "@holdfast/telemetry";
import { describe, expect, test } from "@jest/globals";
import { tail } from "./tail.ts";
import { numberOf, useTestBroker } from "./testing/test-broker.ts";

const broker = useTestBroker();

describe("a tail", () => {
  test("reads to the end that a topic has at the call, over all partitions", async () => {
    const topic = await broker.topic(3);
    await broker.producer.send(
      Array.from({ length: 300 }, (_, i) => ({ topic, key: `${i}`, value: Buffer.from(`${i}`) })),
    );
    const numbers = (await broker.read([topic])).map(numberOf);
    expect(numbers.toSorted((a, b) => a - b)).toEqual([...Array(300).keys()]);
    expect(await broker.read([await broker.topic()])).toEqual([]);
  });

  test("from now on: nothing older, nothing missed; and stops after enough", async () => {
    const topic = await broker.topic();
    const record = (value: string) => ({ topic, key: "k", value: Buffer.from(value) });
    await broker.producer.send([record("1")]);
    const ready = () => void broker.producer.send(["2", "3", "4"].map(record));
    const reading = tail({
      kafka: broker.kafka,
      topics: [topic],
      from: "now",
      maxRecords: 2,
      onReady: ready,
      logger: silentLogger,
    });
    const seen: number[] = [];
    for await (const one of reading) seen.push(numberOf(one));
    expect(seen).toEqual([2, 3]);
  });

  test("ends when its signal says so", async () => {
    const topic = await broker.topic();
    const end = new AbortController();
    const reading = tail({
      kafka: broker.kafka,
      topics: [topic],
      from: "beginning",
      signal: end.signal,
      onReady: () => end.abort(),
      logger: silentLogger,
    });
    expect(await reading.next()).toMatchObject({ done: true });
  });
});
