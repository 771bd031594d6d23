import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Timer, TimerQueue } from "./timer-queue.ts";

const timers = fc.array(
  fc.record({ dueAt: fc.integer({ min: 0, max: 20 }), card: fc.constantFrom("a", "b", "c", "d") }),
);

function drain(queue: TimerQueue): Timer[] {
  const taken: Timer[] = [];
  for (let timer = queue.pop(); timer !== undefined; timer = queue.pop()) taken.push(timer);
  return taken;
}

const inOrder = (some: readonly Timer[]) =>
  some.toSorted((x, y) => x.dueAt - y.dueAt || (x.card < y.card ? -1 : x.card > y.card ? 1 : 0));

test("timers come out by due time, then by card", () => {
  fc.assert(
    fc.property(timers, timers, (first, second) => {
      const queue = new TimerQueue();
      for (const timer of first) queue.push(timer);
      const early = queue.pop();
      expect(early).toEqual(inOrder(first)[0]);
      for (const timer of second) queue.push(timer);
      expect(drain(queue)).toEqual(inOrder([...inOrder(first).slice(1), ...second]));
    }),
  );
});

test("starting anew keeps the order", () => {
  fc.assert(
    fc.property(timers, (some) => {
      const queue = new TimerQueue();
      queue.reset(some);
      expect(drain(queue)).toEqual(inOrder(some));
    }),
  );
});
