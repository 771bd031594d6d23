import type { IncomingRecord } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { describe, expect, test } from "@jest/globals";
import { OrderedReading } from "./ordered-reading.ts";

const records = (...offsets: number[]) =>
  offsets.map((offset) => ({ offset: String(offset) }) as IncomingRecord);

function reading() {
  const seeks: string[] = [];
  const stay = { seek: (offset: string) => void seeks.push(offset) };
  return { seeks, reading: new OrderedReading(stay, silentLogger) };
}

describe("records are applied from the state's own position on", () => {
  test.each([
    { name: "as expected", offsets: [5, 6], applied: [5, 6], seeks: [] },
    { name: "a repeated start is skipped", offsets: [3, 4, 5, 6], applied: [5, 6], seeks: [] },
    { name: "all of it is old: reading goes on", offsets: [1, 2], applied: [], seeks: ["5"] },
    { name: "some is missing: reading goes back", offsets: [7, 8], applied: [], seeks: ["5"] },
    { name: "nothing came", offsets: [], applied: [], seeks: [] },
    { name: "a hole inside a batch is the log's own", offsets: [4, 7], applied: [7], seeks: [] },
  ])("$name", ({ offsets, applied, seeks }) => {
    const one = reading();
    const next = one.reading.inOrder(records(...offsets), 5);
    expect(next.map(({ offset }) => Number(offset))).toEqual(applied);
    expect(one.seeks).toEqual(seeks);
  });

  test("what is missing again and again is not on the log", () => {
    const { reading: one, seeks } = reading();
    expect(one.inOrder(records(7), 5)).toEqual([]);
    expect(one.inOrder(records(7), 5)).toEqual([]);
    expect(one.inOrder(records(7), 5)).toHaveLength(1);
    expect(seeks).toEqual(["5", "5"]);
  });
});
