import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { MemoryLog } from "../testing/memory-partition.ts";
import { randomLog } from "../testing/random-log.ts";
import { scored } from "../testing/scorer-context.ts";

const seed = Date.now() % 2 ** 31;
const settings = { seed, numRuns: 60 };
const batchRecords = fc.integer({ min: 1, max: 20 });

type Limits = NonNullable<Parameters<typeof scored>[1]>;

async function expectAlike(log: MemoryLog, [one, other]: readonly [Limits, Limits]): Promise<void> {
  const whole = await scored(log, one);
  const again = await scored(log, other);
  expect(again.topics.distinct()).toEqual(whole.topics.distinct());
  expect(again.store.picture()).toEqual(whole.store.picture());
}

describe(`over random logs (seed ${seed})`, () => {
  test("what is in the cache never shows in the output: all cards, one, or none", async () => {
    await fc.assert(
      fc.asyncProperty(randomLog, batchRecords, async (log, size) => {
        for (const bytes of [0, 1_500]) {
          const small = { batchRecords: size, cacheBytes: () => bytes };
          await expectAlike(log, [{}, small]);
        }
      }),
      settings,
    );
  });

  test("a cap on firings delays them alike, however records are batched", async () => {
    await fc.assert(
      fc.asyncProperty(randomLog, batchRecords, async (log, size) => {
        const capped = { maxFiringsPerRecord: 1 };
        await expectAlike(log, [capped, { ...capped, batchRecords: size, cacheBytes: () => 0 }]);
      }),
      settings,
    );
  });
});
