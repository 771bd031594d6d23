import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { newWatermarks, observe, type TimedRecord, type Watermarks } from "./watermarks.ts";

const options = { boundMs: 5_000, idleAfterMs: 30_000 };
const tenYearsMs = 10 * 365 * 86_400_000;

/** Records as `[input, at, appendedAt]`; gives what became of each and the watermark after it. */
function place(
  watermarks: Watermarks,
  records: readonly (readonly [string, number, number])[],
): readonly string[] {
  return records.map(([input, at, appendedAt]) => {
    const verdict = observe(watermarks, { input, at, appendedAt }, options);
    return `${verdict} ${watermarks.watermark}`;
  });
}

describe("the watermark", () => {
  test("is max − bound − 1; an event above it is on time, one at it is late", () => {
    expect(
      place(newWatermarks(["p"]), [
        ["p", 10_000, 10_000],
        ["p", 5_000, 10_001],
        ["p", 4_999, 10_002],
      ]),
    ).toEqual(["on_time 4999", "on_time 4999", "late 4999"]);
  });

  test("is that of the slowest input, and waits for inputs that have not spoken", () => {
    expect(
      place(newWatermarks(["p", "q"]), [
        ["p", 100_000, 100_000],
        ["q", 20_000, 100_001],
        ["q", 60_000, 100_002],
      ]),
    ).toEqual(["on_time -Infinity", "on_time 14999", "on_time 54999"]);
  });

  test("does not wait for ever for an input that never speaks", () => {
    expect(
      place(newWatermarks(["p", "q"]), [
        ["p", 100_000, 100_000],
        ["p", 130_000, 130_000],
        ["p", 130_001, 130_001],
      ]),
    ).toEqual(["on_time -Infinity", "on_time -Infinity", "on_time 125000"]);
  });

  test("an idle input does not hold the others", () => {
    expect(
      place(newWatermarks(["p", "q"]), [
        ["q", 1_000, 1_000],
        ["p", 1_000, 1_001],
        ["p", 31_000, 31_000],
        ["p", 31_001, 31_001],
      ]),
    ).toEqual(["on_time -Infinity", "on_time -4001", "on_time -4001", "on_time 26000"]);
  });

  test("an input that wakes with old data finds it late: time does not go back", () => {
    const watermarks = newWatermarks(["p", "q"]);
    place(watermarks, [
      ["q", 1_000, 1_000],
      ["p", 80_000, 80_000],
      ["p", 90_000, 90_000],
    ]);
    expect(
      place(watermarks, [
        ["q", 2_000, 90_001],
        ["p", 120_000, 120_000],
        ["q", 110_000, 120_001],
      ]),
    ).toEqual(["late 84999", "on_time 84999", "on_time 104999"]);
  });

  test("an event ten years ahead of its append time goes to quarantine and ages nobody", () => {
    const watermarks = newWatermarks(["p"]);
    expect(
      place(watermarks, [
        ["p", 10_000, 10_000],
        ["p", 10_001 + tenYearsMs, 10_001],
        ["p", 15_001, 10_001],
        ["p", 15_002, 10_001],
        ["p", 15_000, 15_000],
      ]),
    ).toEqual(["on_time 4999", "future 4999", "on_time 10000", "future 10000", "on_time 10000"]);
    expect(watermarks.inputs["p"]).toEqual({ maxAt: 15_001, appendedAt: 15_000 });
  });

  test("never goes back, and comes from the records alone, whatever they are", () => {
    const records: fc.Arbitrary<readonly TimedRecord[]> = fc.array(
      fc.record({
        input: fc.constantFrom("p", "q", "r"),
        at: fc.integer({ min: 0, max: 300_000 }),
        appendedAt: fc.integer({ min: 0, max: 300_000 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(records, (given) => {
        const watermarks = newWatermarks(["p", "q"]);
        const again = newWatermarks(["p", "q"]);
        for (const record of given) {
          const before = watermarks.watermark;
          const verdict = observe(watermarks, record, options);
          expect(watermarks.watermark).toBeGreaterThanOrEqual(before);
          if (verdict === "future") expect(watermarks.watermark).toBe(before);
          else expect(verdict).toBe(record.at <= before ? "late" : "on_time");
          observe(again, record, options);
        }
        expect(again).toEqual(watermarks);
      }),
    );
  });
});
