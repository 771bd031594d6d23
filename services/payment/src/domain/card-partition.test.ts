import { expect, test } from "@jest/globals";
import { murmur2, partitionOfKey } from "./card-partition.ts";

// From Kafka's own UtilsTest.
test.each([
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
])("murmur2 of %s is %d", (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash);
});

test("a partition is one of those that exist", () => {
  const partitions = Array.from({ length: 100 }, (_, n) => partitionOfKey(`fp_v1_${n}`, 6));
  expect(new Set(partitions)).toEqual(new Set([0, 1, 2, 3, 4, 5]));
});
