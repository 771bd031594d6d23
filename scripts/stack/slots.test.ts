import { expect, test } from "@jest/globals";
import { Slots } from "./slots.ts";

test("no more run at once than there are slots, and the highest rank goes first", async () => {
  const slots = new Slots(2);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const work = (rank: number) =>
    slots.use(rank, async () => {
      order.push(rank);
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
    });
  await Promise.all([1, 5, 3, 4].map(work));
  expect(most).toBe(2);
  expect(order).toEqual([5, 4, 3, 1]);
});

test("a failure gives its slot back", async () => {
  const slots = new Slots(1);
  await expect(slots.use(0, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expect(slots.use(0, () => Promise.resolve("yes"))).resolves.toBe("yes");
});
