import { join } from "node:path";
import { useTestDatabase } from "@holdfast/testkit";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { forgetCards, pruneDecisions } from "./housekeeping.ts";
import {
  createPartitionStore,
  type PartitionStore,
  type StateChange,
  type Wanted,
} from "./partition-store.ts";

const fixture = useTestDatabase({ migrations: [join(import.meta.dirname, "../../migrations")] });
let store: PartitionStore;

beforeEach(async () => {
  await fixture.clear();
  store = createPartitionStore(fixture.database);
});

const partition = 3;

function change(fields: Partial<StateChange>): StateChange {
  return {
    partition,
    epoch: 1,
    fromOffset: 0,
    nextOffset: 10,
    watermark: 1_000,
    ruleset: null,
    cards: [],
    decisions: [],
    quality: [],
    ...fields,
  };
}

const card = (name: string, fields: { nextTimerAt?: number; forgetAfter?: number } = {}) => ({
  card: name,
  state: `state of ${name}`,
  nextTimerAt: fields.nextTimerAt ?? null,
  forgetAfter: fields.forgetAfter ?? 5_000,
});

const wanted = (fields: Partial<Wanted>) => ({
  partition,
  cards: fields.cards ?? [],
  dueUpTo: fields.dueUpTo ?? null,
  dueAfter: fields.dueAfter ?? null,
  maxDue: fields.maxDue ?? 10,
});

describe("the fence", () => {
  test("each take-over has a higher epoch and finds what the one before wrote", async () => {
    expect(await store.takeOver(partition)).toEqual({
      epoch: 1,
      nextOffset: 0,
      watermark: null,
      ruleset: null,
    });
    const ruleset = {
      generation: 4,
      rulesetId: "abc",
      files: [{ path: "a.yaml", content: "x" }],
      lineage: { lane: { generation: 4, since: 7 } },
    };
    expect(await store.write(change({ ruleset }))).toBe(true);
    expect(await store.takeOver(partition)).toEqual({
      epoch: 2,
      nextOffset: 10,
      watermark: 1_000,
      ruleset,
    });
  });

  test("a write under an old epoch changes nothing", async () => {
    await store.takeOver(partition);
    await store.takeOver(partition);
    const cards = [card("a")];
    const quality = [{ ruleId: "r", version: 1, hits: 1, confirmed: 0, refuted: 0 }];
    expect(await store.write(change({ epoch: 1, cards, quality }))).toBe(false);
    expect(await store.load(wanted({ cards: ["a"] }))).toEqual({
      epoch: 2,
      nextOffset: 0,
      cards: [],
      allDueUpTo: null,
    });
    const { rowCount } = await fixture.database.read("SELECT FROM rule_quality");
    expect(rowCount).toBe(0);
  });

  test("a write from an unexpected offset changes nothing", async () => {
    await store.takeOver(partition);
    expect(await store.write(change({ fromOffset: 5 }))).toBe(false);
    expect(await store.position(partition)).toMatchObject({ epoch: 1, nextOffset: 0 });
  });

  test("of a write and a take-over at once, one comes wholly before the other", async () => {
    for (let round = 0; round < 20; round += 1) {
      const { epoch, nextOffset } = await store.takeOver(partition);
      const write = { epoch, fromOffset: nextOffset, nextOffset: nextOffset + 1 };
      const [written, taken] = await Promise.all([
        store.write(change({ ...write, cards: [card(`card-${round}`)] })),
        store.takeOver(partition),
      ]);
      const { cards } = await store.load(wanted({ cards: [`card-${round}`] }));
      expect(cards).toHaveLength(written ? 1 : 0);
      expect(taken.nextOffset).toBe(written ? nextOffset + 1 : nextOffset);
    }
  });
});

test("positions are durable up to where they are written", async () => {
  await store.takeOver(partition);
  await store.write(change({ nextOffset: 10 }));
  const reached = (nextOffset: number) => store.durable([{ partition, nextOffset }]);
  expect(await reached(10)).toEqual(new Set([partition]));
  expect(await reached(11)).toEqual(new Set());
  await store.write(change({ fromOffset: 10, nextOffset: 11 }));
  const written = "SELECT pg_current_wal_insert_lsn() AS at";
  const [{ at } = { at: "" }] = (await fixture.database.read(written)).rows as { at: string }[];
  await reached(11);
  const isOnDisk = "SELECT pg_current_wal_flush_lsn() >= $1::pg_lsn AS durable";
  const { rows } = await fixture.database.read({ text: isOnDisk, values: [at] } as never);
  expect(rows).toEqual([{ durable: true }]);
});

describe("the cards", () => {
  test("are loaded by name, and by their timers in the order of due time and name", async () => {
    await store.takeOver(partition);
    const due = ["d", "b", "c"].map((name) => card(name, { nextTimerAt: 500 }));
    const first = card("z", { nextTimerAt: 100 });
    await store.write(change({ cards: [card("a"), ...due, first] }));
    const loaded = await store.load(wanted({ cards: ["a"], dueUpTo: 500, maxDue: 3 }));
    expect(loaded.cards.map(({ card: name }) => name)).toEqual(["a", "z", "b", "c"]);
    expect(loaded.allDueUpTo).toBe(499);
    expect(loaded.cards[0]?.state.toString()).toBe("state of a");
    expect(await store.load(wanted({ dueUpTo: 99 }))).toMatchObject({ cards: [], allDueUpTo: 99 });
    const later = await store.load(wanted({ dueUpTo: 500, dueAfter: 100 }));
    expect(later.cards.map(({ card: name }) => name)).toEqual(["b", "c", "d"]);
  });

  test("are forgotten when event time has passed them, unless a timer waits", async () => {
    await store.takeOver(partition);
    const cards = [
      card("old", { forgetAfter: 999 }),
      card("waits", { forgetAfter: 999, nextTimerAt: 2_000 }),
      card("young", { forgetAfter: 1_000 }),
    ];
    await store.write(change({ cards }));
    await forgetCards(fixture.database, partition);
    const names = cards.map(({ card: name }) => name);
    const left = await store.load(wanted({ cards: names }));
    expect(left.cards.map(({ card: name }) => name).sort()).toEqual(["waits", "young"]);
  });
});

test("decisions beyond the newest offsets are pruned, and a repeated one is kept once", async () => {
  await store.takeOver(partition);
  const decisions = [1, 8].map((inputOffset) => ({
    decisionId: `00000000-0000-5000-8000-00000000000${inputOffset}`,
    inputOffset,
    card: "a",
    occurredAt: 1,
    payload: Buffer.from("x"),
  }));
  await store.write(change({ decisions }));
  await store.write(change({ fromOffset: 10, nextOffset: 11, decisions }));
  await pruneDecisions(fixture.database, partition, 5);
  const { rows } = await fixture.database.read("SELECT input_offset FROM decision");
  expect(rows).toEqual([{ input_offset: 8 }]);
});

test("rule quality adds up", async () => {
  await store.takeOver(partition);
  const quality = [{ ruleId: "r", version: 1, hits: 2, confirmed: 1, refuted: 0 }];
  await store.write(change({ quality }));
  await store.write(change({ fromOffset: 10, nextOffset: 11, quality }));
  const { rows } = await fixture.database.read("SELECT hits, confirmed, refuted FROM rule_quality");
  expect(rows).toEqual([{ hits: 4, confirmed: 2, refuted: 0 }]);
});
