import { silentLogger } from "@holdfast/telemetry";
import { waitFor } from "@holdfast/testkit";
import { describe, expect, test } from "@jest/globals";
import type { AssignedPartition } from "./assigned-partition.ts";
import {
  type ConsumerLimits,
  createPartitionProcessor,
  type PartitionProcessorOptions,
} from "./partition-processor.ts";
import { offsetAfter } from "./record.ts";
import { numbered, numberOf, useTestBroker } from "./testing/test-broker.ts";

const broker = useTestBroker();

type Work = PartitionProcessorOptions["process"];

interface MemberOptions {
  readonly group: string;
  readonly topic: string;
  readonly process: Work;
  readonly limits?: Partial<ConsumerLimits>;
}

function createMember({ group, topic, process, limits = {} }: MemberOptions) {
  const { kafka } = broker;
  const options = { kafka, group, topics: [topic], logger: silentLogger, process, limits };
  return broker.running(createPartitionProcessor(options));
}

/** Takes everything, notes it, and commits after each batch. */
function collect(seen: number[], commits = true): Work {
  return async (partition) => {
    for (;;) {
      const records = await partition.take(1_000);
      const last = records.at(-1);
      if (last === undefined) return;
      seen.push(...records.map(numberOf));
      if (commits) partition.commit(offsetAfter(last.offset));
    }
  };
}

const committed = async (group: string, topic: string) =>
  (await broker.admin.lag(group, [topic])).map(({ committedOffset }) => committedOffset);

describe("a partition processor", () => {
  test("gives a partition's records in order and goes on where it committed", async () => {
    const [topic, group, seen] = [await broker.topic(), broker.group(), [] as number[]];
    await broker.producer.send(numbered(topic, 500));
    const first = createMember({ group, topic, process: collect(seen) });
    await first.start();
    await waitFor(() => seen.length === 500, { limitMs: 10_000 });
    await first.stop();
    expect(await committed(group, topic)).toEqual(["500"]);
    await broker.producer.send(numbered(topic, 3));
    const second = createMember({ group, topic, process: collect(seen) });
    await second.start();
    await waitFor(() => seen.length === 503, { limitMs: 10_000 });
    await second.stop();
    expect(seen).toEqual([...Array(500).keys(), 0, 1, 2]);
  });

  test("repeats what was not committed", async () => {
    const [topic, group, seen] = [await broker.topic(), broker.group(), [] as number[]];
    await broker.producer.send(numbered(topic, 10));
    for (let round = 1; round <= 2; round++) {
      const member = createMember({ group, topic, process: collect(seen, false) });
      await member.start();
      await waitFor(() => seen.length === 10 * round, { limitMs: 10_000 });
      await member.stop();
    }
    expect(seen).toEqual([...Array(10).keys(), ...Array(10).keys()]);
  });

  test("starts where the work seeks to, whatever the group committed", async () => {
    const [topic, group, seen] = [await broker.topic(), broker.group(), [] as number[]];
    await broker.producer.send(numbered(topic, 100));
    const member = createMember({
      group,
      topic,
      process: async (partition) => {
        partition.seek("90");
        await collect(seen, false)(partition);
      },
    });
    await member.start();
    await waitFor(() => seen.length === 10, { limitMs: 10_000 });
    await member.stop();
    expect(seen).toEqual([...Array(100).keys()].slice(90));
  });

  test("seeks back and forth while records are queued and in flight", async () => {
    const [topic, group, seen] = [await broker.topic(), broker.group(), [] as number[]];
    await broker.producer.send(numbered(topic, 3_000));
    const member = createMember({
      group,
      topic,
      process: async (partition) => {
        for (const offset of ["2000", "10", "2990"]) {
          partition.seek(offset);
          seen.push(...(await partition.take(2)).map(numberOf));
        }
      },
    });
    await member.start();
    await waitFor(() => seen.length >= 6, { limitMs: 10_000 });
    await member.stop();
    expect(seen.slice(0, 6)).toEqual([2000, 2001, 10, 11, 2990, 2991]);
  });

  test("a partition that works for longer than the session keeps its group and delays no other", async () => {
    const [topic, group, seen] = [await broker.topic(2), broker.group(), [] as number[]];
    const release = Promise.withResolvers<void>();
    let stays = 0;
    const work: Work = async (partition) => {
      stays += 1;
      if (partition.partition === 0) {
        await partition.take(1);
        return release.promise.then(() => collect([], false)(partition));
      }
      await collect(seen)(partition);
    };
    const member = createMember({
      group,
      topic,
      process: work,
      limits: { sessionTimeoutMs: 6_000 },
    });
    await member.start();
    await broker.producer.send(numbered(topic, 1, 0));
    const startedAt = performance.now();
    // Longer than the session: a member that does not send heartbeats is gone by then.
    for (let round = 0; performance.now() - startedAt < 7_500; round++) {
      await broker.producer.send(numbered(topic, 1, 1));
      await waitFor(() => seen.length === round + 1, { limitMs: 2_000 });
    }
    expect(stays).toBe(2);
    release.resolve();
    await member.stop();
  });

  test("holds no more than its limits while the work is slow", async () => {
    const [topic, group, seen] = [await broker.topic(), broker.group(), [] as number[]];
    const value = Buffer.alloc(1_000);
    const records = Array.from({ length: 20_000 }, () => ({ topic, key: "k", value }));
    await broker.producer.send(records);
    const gate = Promise.withResolvers<void>();
    const limits = { maxRecords: 1_000_000, maxBytes: 1_000_000, maxBytesPerPartition: 500_000 };
    const work: Work = async (partition) => {
      seen.push((await partition.take(1)).length);
      await gate.promise;
      for (;;) {
        const taken = await partition.take(500);
        if (taken.length === 0) return;
        seen.push(taken.length);
      }
    };
    const member = createMember({ group, topic, process: work, limits });
    await member.start();
    const queued = () => member.health().assigned[0]?.queuedRecords ?? 0;
    await waitFor(() => queued() * value.length > 800_000, { limitMs: 10_000 });
    const polledAt = () => performance.now() - member.health().lastPollAgeMs;
    const before = polledAt();
    await waitFor(() => polledAt() > before + 10, { limitMs: 10_000, what: "a later poll" });
    // The limit, and what one fetch may bring on top: at least one batch as it was produced.
    expect(queued() * value.length).toBeLessThan(2_000_000);
    gate.resolve();
    const total = () => seen.reduce((sum, count) => sum + count, 0);
    await waitFor(() => total() === records.length, { limitMs: 20_000 });
    await member.stop();
  });

  test("is built anew, and skips nothing, when the work throws", async () => {
    const [topic, group, seen] = [await broker.topic(), broker.group(), [] as number[]];
    await broker.producer.send(numbered(topic, 5));
    let failures = 0;
    const work: Work = async (partition) => {
      const records = await partition.take(1_000);
      if (failures++ === 0) throw new Error("a bug");
      seen.push(...records.map(numberOf));
      await collect(seen)(partition);
    };
    const member = createMember({ group, topic, process: work });
    await member.start();
    await waitFor(() => seen.length === 5, { limitMs: 15_000 });
    await member.stop();
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("two members of a group", () => {
  test("share the partitions, lose nothing in storms of rebalances, and never commit backwards", async () => {
    const [topic, group] = [await broker.topic(6), broker.group()];
    const seen = new Set<string>();
    const idOf = (partition: number, offset: string) => `${partition}/${offset}`;
    const work: Work = async (partition) => {
      for (;;) {
        const records = await partition.take(20);
        const last = records.at(-1);
        if (last === undefined) return;
        for (const { offset } of records) seen.add(idOf(partition.partition, offset));
        partition.commit(offsetAfter(last.offset));
      }
    };
    const steady = createMember({ group, topic, process: work });
    await steady.start();
    await steady.joined();
    let before = new Map<number, bigint>();
    const backwards: string[] = [];
    const watch = async () => {
      const lags = await broker.admin.lag(group, [topic]);
      const now = new Map(lags.map((lag) => [lag.partition, BigInt(lag.committedOffset)]));
      for (const [partition, offset] of now) {
        const last = before.get(partition) ?? 0n;
        if (offset < last) backwards.push(`${partition}: ${last} to ${offset}`);
      }
      before = now;
    };
    let sent = 0;
    for (let round = 0; round < 5; round++) {
      const guest = createMember({ group, topic, process: work });
      await guest.start();
      for (let wave = 0; wave < 5; wave++) {
        await broker.producer.send(numbered(topic, 200));
        sent += 200;
        await watch();
      }
      await guest.joined();
      await broker.producer.send(numbered(topic, 200));
      sent += 200;
      await guest.stop();
      await watch();
    }
    await waitFor(() => seen.size === sent, { limitMs: 20_000, what: `${sent} records` });
    await waitFor(
      async () =>
        (await broker.admin.lag(group, [topic])).every(({ lagRecords }) => lagRecords === 0),
      { limitMs: 10_000, what: "all offsets committed" },
    );
    await watch();
    expect(backwards).toEqual([]);
    await steady.stop();
  }, 60_000);

  test("the one that stays takes over as soon as the other leaves", async () => {
    const [topic, group] = [await broker.topic(4), broker.group()];
    const owned = new Map<string, Set<number>>();
    const work =
      (name: string): Work =>
      async (partition: AssignedPartition) => {
        const partitions = owned.get(name) ?? new Set();
        owned.set(name, partitions.add(partition.partition));
        await collect([])(partition);
        partitions.delete(partition.partition);
      };
    const [first, second] = [
      createMember({ group, topic, process: work("a") }),
      createMember({ group, topic, process: work("b") }),
    ];
    await Promise.all([first.start(), second.start()]);
    await waitFor(() => owned.get("a")?.size === 2 && owned.get("b")?.size === 2, {
      limitMs: 15_000,
    });
    await second.stop();
    await waitFor(() => owned.get("a")?.size === 4, { limitMs: 5_000 });
    expect(second.health().connected).toBe(false);
    await first.stop();
  });
});
