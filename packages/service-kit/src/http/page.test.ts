import { expect, test } from "@jest/globals";
import { pageOf } from "./page.ts";

const list = ["a", "b", "c"];

test.each([
  { limit: 2, items: ["a", "b"], nextCursor: "after b" },
  { limit: 3, items: ["a", "b", "c"], nextCursor: null },
  { limit: 9, items: ["a", "b", "c"], nextCursor: null },
])("a page of $limit of three", async ({ limit, ...page }) => {
  const find = async (count: number) => list.slice(0, count);
  expect(await pageOf(limit, find, (item) => `after ${item}`)).toEqual(page);
});
