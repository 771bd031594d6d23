import { describe, expect, test } from "@jest/globals";
import { latencyOf, median, medianLatency } from "./figures.ts";

const upTo = (last: number) => Array.from({ length: last }, (_, index) => last - index);

describe("percentiles", () => {
  test("are values that occurred", () => {
    expect(latencyOf(upTo(1000))).toEqual({ count: 1000, p50: 500, p99: 990, p999: 999 });
  });

  test("of a single value are that value", () => {
    expect(latencyOf([7])).toEqual({ count: 1, p50: 7, p99: 7, p999: 7 });
  });

  test("of nothing are no numbers", () => {
    expect(latencyOf([]).p50).toBeNaN();
  });
});

test("a median is robust against one bad run", () => {
  expect(median([3, 1000, 2])).toBe(3);
  const runs = [upTo(10), upTo(20), upTo(9000)].map(latencyOf);
  expect(medianLatency(runs)).toEqual({ count: 20, p50: 10, p99: 20, p999: 20 });
});
