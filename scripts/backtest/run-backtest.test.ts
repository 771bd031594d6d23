import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { loadFolder } from "../rule-files.ts";
import { describeReport, reportOf } from "./report.ts";
import { runBacktest } from "./run-backtest.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "backtest-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const rules = join(import.meta.dirname, "../../rules");

/** Payments of twenty cards, one after another by up to two minutes, in whole seconds. */
function writePayments(path: string, count: number): void {
  const lines = Array.from({ length: count }, (_, i) => {
    const scattered = (i * 2_654_435_761) % 4_294_967_296;
    const fields = {
      cardFingerprint: `card-${scattered % 20}`,
      merchantId: `m-${scattered % 7}`,
      amount: (scattered % 1_000) * 25,
    };
    return JSON.stringify({
      id: `e${i}`,
      type: "payment",
      at: i * 7_000,
      fields,
      fraud: i % 50 === 0,
    });
  });
  writeFileSync(path, `${lines.join("\n")}\n`);
}

async function backtest(input: string, out: string): Promise<string> {
  const pack = loadFolder(rules);
  if (pack === undefined) throw new Error("The shipped rules do not load.");
  const tally = await runBacktest({ pack, input, out, boundMs: 0, onProgress: () => undefined });
  return describeReport(reportOf(tally), tally.input);
}

test("the same backtest twice gives the same hits, byte for byte, and the same report", async () => {
  const input = join(folder, "payments.jsonl");
  writePayments(input, 5_000);
  const [first, second] = [join(folder, "1.jsonl"), join(folder, "2.jsonl")];
  const reports = [await backtest(input, first), await backtest(input, second)];
  const hits = readFileSync(first);
  expect(hits.length).toBeGreaterThan(1_000);
  expect(readFileSync(second).equals(hits)).toBe(true);
  expect(reports[1]).toBe(reports[0]);
});
