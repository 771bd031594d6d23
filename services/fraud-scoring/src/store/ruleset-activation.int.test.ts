import { join } from "node:path";
import { activateRuleset, type OutgoingRecord } from "@holdfast/messaging";
import { createSequentialIds, jsonCodec, useTestDatabase } from "@holdfast/testkit";
import { beforeEach, expect, test } from "@jest/globals";

const fixture = useTestDatabase({ migrations: [join(import.meta.dirname, "../../migrations")] });
let sent: OutgoingRecord[] = [];

beforeEach(async () => {
  await fixture.clear();
  sent = [];
});

const packA = [{ path: "a.yaml", content: "a" }];
const packB = [{ path: "b.yaml", content: "b" }];

/** Activates; the producer fails from the record `failsAt` on. */
function activate(files: typeof packA, options: { onlyFirst?: boolean; failsAt?: number } = {}) {
  const { failsAt = Number.POSITIVE_INFINITY, ...rest } = options;
  return activateRuleset({
    query: (text, values) => fixture.database.read(text, values),
    producer: {
      send: async (records) => {
        if (sent.length >= failsAt) throw new Error("The broker is gone");
        sent.push(...records);
        return [];
      },
    },
    codec: jsonCodec,
    files,
    activatedBy: "test",
    nowMs: 1_000,
    ids: createSequentialIds(7),
    ...rest,
  });
}

const generations = () =>
  sent.map(({ partition, value }) => {
    const { event } = jsonCodec.decode(value as Buffer);
    return [partition, (event as { generation: number }).generation];
  });

test("a pack goes to every partition once, under the next generation", async () => {
  expect(await activate(packA)).toMatchObject({ generation: 1, publishedNow: [0, 1, 2, 3, 4, 5] });
  expect(await activate(packA)).toMatchObject({ generation: 1, publishedNow: [] });
  expect(await activate(packB)).toMatchObject({ generation: 2 });
  expect(await activate(packA)).toMatchObject({ generation: 3 });
  expect(sent).toHaveLength(18);
});

test("an interrupted activation is completed under its own generation", async () => {
  await expect(activate(packA, { failsAt: 2 })).rejects.toThrow("gone");
  expect(await activate(packA)).toMatchObject({ generation: 1, publishedNow: [2, 3, 4, 5] });
  expect(generations()).toEqual([0, 1, 2, 3, 4, 5].map((partition) => [partition, 1]));
});

test("two packs at once never share a generation, and the higher reaches every partition", async () => {
  const both = await Promise.all([activate(packA), activate(packB)]);
  expect(both.map(({ generation }) => generation).sort()).toEqual([1, 2]);
  expect(generations().filter(([, generation]) => generation === 2)).toHaveLength(6);
});

test("a first start leaves alone what was activated before, but completes it", async () => {
  await expect(activate(packB, { failsAt: 3 })).rejects.toThrow("gone");
  expect(await activate(packA, { onlyFirst: true })).toMatchObject({
    generation: 1,
    publishedNow: [3, 4, 5],
  });
});

test("a generation is above all that a partition has seen, also after the ledger was lost", async () => {
  await fixture.database.read(
    "INSERT INTO partition_position (partition, epoch, next_offset, ruleset_generation) VALUES (0, 1, 5, 41)",
  );
  expect(await activate(packA)).toMatchObject({ generation: 42 });
});
