import type { OutgoingRecord } from "@holdfast/messaging";
import { afterAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type MemoryLog, MemoryStore, MemoryTopics } from "../testing/memory-partition.ts";
import { randomLog } from "../testing/random-log.ts";
import { scored, testContext } from "../testing/scorer-context.ts";
import { PartitionScorer } from "./partition-scorer.ts";

/** Where a process may die: before or after each thing that somebody else can see. */
const points = [
  "after taking over",
  "before the load",
  "after the load",
  "before the publish",
  "in the middle of the publish",
  "after the publish",
  "before the write",
  "after the write",
  "before the offset",
  "after the offset",
] as const;
type Point = (typeof points)[number];

const seed = Date.now() % 2 ** 31;
const logs = 60;
let deaths = 0;

const countdown = fc.nat(4);

describe(`a process that dies (seed ${seed})`, () => {
  test.each(points)("%s leaves outputs and state as if it had lived", async (point) => {
    const before = deaths;
    await fc.assert(
      fc.asyncProperty(randomLog, countdown, async (log, left) => {
        await expectUnharmed(log, [{ point, left }]);
      }),
      { seed, numRuns: logs },
    );
    expect(deaths).toBeGreaterThan(before);
  });

  test("again and again, at whatever points", async () => {
    const plans = fc.array(fc.record({ point: fc.constantFrom(...points), left: countdown }), {
      minLength: 2,
      maxLength: 8,
    });
    await fc.assert(fc.asyncProperty(randomLog, plans, expectUnharmed), { seed, numRuns: logs });
  });
});

afterAll(() => {
  process.stdout.write(
    `${points.length} points × ${logs} logs and ${logs} sequences of deaths, seed ${seed}: ${deaths} deaths\n`,
  );
});

interface Death {
  readonly point: Point;
  /** How often the point is passed before. */
  readonly left: number;
}

async function expectUnharmed(log: MemoryLog, plan: readonly Death[]): Promise<void> {
  log.committedOffset = 0;
  const calm = await scored(log);
  log.committedOffset = 0;
  const store = new MemoryStore();
  const topics = new MemoryTopics();
  for (const death of [...plan, undefined]) await live(log, { store, topics, death });
  expect(topics.distinct()).toEqual(calm.topics.distinct());
  expect(store.picture()).toEqual(calm.store.picture());
}

interface World {
  readonly store: MemoryStore;
  readonly topics: MemoryTopics;
  readonly death: Death | undefined;
}

/** One process's life; from its death on nothing that it does has an effect. */
async function live(log: MemoryLog, { store, topics, death }: World): Promise<void> {
  let left = death?.left ?? Number.POSITIVE_INFINITY;
  let isDead = false;
  const dies = (point: Point): boolean => {
    if (point === death?.point) left -= 1;
    if (left < 0 && !isDead) {
      isDead = true;
      deaths += 1;
    }
    return isDead;
  };
  const at = (point: Point) => {
    if (dies(point)) throw new Error("dead");
  };
  const stay = log.stay({ batchRecords: 4 });
  const commit = stay.commit.bind(stay);
  stay.commit = (offset) => {
    if (dies("before the offset")) return;
    commit(offset);
    dies("after the offset");
  };
  const context = testContext({
    producer: { send: (records) => publish(records, { topics, at }) },
    store: mortal(store, at),
  });
  await new PartitionScorer(context, stay).run().catch((error: Error) => {
    if (!isDead) throw error;
  });
  stay.end("lost");
}

async function publish(
  records: readonly OutgoingRecord[],
  { topics, at }: { topics: MemoryTopics; at: (point: Point) => void },
) {
  at("before the publish");
  const half = records.length >> 1;
  await topics.send(records.slice(0, half));
  at("in the middle of the publish");
  await topics.send(records.slice(half));
  at("after the publish");
  return [];
}

function mortal(store: MemoryStore, at: (point: Point) => void) {
  const both = async <T>(before: Point, after: Point, work: () => Promise<T>): Promise<T> => {
    at(before);
    const result = await work();
    at(after);
    return result;
  };
  return {
    takeOver: async () => {
      const taken = await store.takeOver();
      at("after taking over");
      return taken;
    },
    load: (wanted: Parameters<MemoryStore["load"]>[0]) =>
      both("before the load", "after the load", () => store.load(wanted)),
    position: () => store.position(),
    durable: (positions: Parameters<MemoryStore["durable"]>[0]) => store.durable(positions),
    write: (change: Parameters<MemoryStore["write"]>[0]) =>
      both("before the write", "after the write", () => store.write(change)),
  };
}
