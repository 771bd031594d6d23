import { expect, test } from "@jest/globals";
import type { Wanted } from "./partition-store.ts";
import { shareLoads } from "./shared-loads.ts";

const wanted = (partition: number, cards: readonly string[] = []): Wanted => ({
  partition,
  cards,
  dueUpTo: null,
  dueAfter: null,
  maxDue: 1,
});
const loadedOf = ({ partition }: Wanted) => ({
  epoch: partition,
  nextOffset: 0,
  cards: [],
  allDueUpTo: null,
});

test("loads of one turn share a statement, and each gets its own answer", async () => {
  const statements: number[][] = [];
  const load = shareLoads(async (all) => {
    statements.push(all.map(({ partition }) => partition));
    return all.map(loadedOf);
  });
  const both = await Promise.all([load(wanted(1)), load(wanted(2))]);
  const later = await load(wanted(3));
  expect([...both, later].map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
  expect(statements).toEqual([[1, 2], [3]]);
});

test("a load of many cards has a statement of its own", async () => {
  const statements: number[][] = [];
  const load = shareLoads(async (all) => {
    statements.push(all.map(({ partition }) => partition));
    return all.map(loadedOf);
  });
  const many = Array.from({ length: 1_000 }, (_, index) => `card-${index}`);
  const loaded = await Promise.all([load(wanted(1)), load(wanted(2, many)), load(wanted(3))]);
  expect(loaded.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
  expect(statements).toEqual([[2], [1, 3]]);
});

test("a statement that fails fails all its loads, and none after it", async () => {
  let fails = true;
  const load = shareLoads(async (all) => {
    if (fails) throw new Error("down");
    return all.map(loadedOf);
  });
  const outcomes = await Promise.allSettled([load(wanted(1)), load(wanted(2))]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  fails = false;
  expect((await load(wanted(3))).epoch).toBe(3);
});
