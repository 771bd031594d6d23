import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "@jest/globals";
import { parseOptions } from "./options.ts";
import { readTransactions, splitCsv, toTransaction } from "./read-transactions.ts";

const folder = mkdtempSync(join(tmpdir(), "replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function mappingOf(...flags: string[]) {
  const options = parseOptions(["--input", "x", ...flags]);
  if (options === undefined) throw new Error("options expected");
  return options.mapping;
}

const columns =
  "--columns=transactionId=ID,occurredAt=SECONDS,cardFingerprint=CARD,merchantId=SHOP,amountMinor=AMOUNT";

describe("a file of transactions", () => {
  test("CSV with other column names and units, packed", async () => {
    const path = join(folder, "a.csv.gz");
    writeFileSync(path, gzipSync("ID,SECONDS,CARD,SHOP,AMOUNT\r\n7,31,596,3156,57.16\r\n"));
    const mapping = mappingOf(
      columns,
      "--time-unit=s",
      "--time-origin=2018-04-01",
      "--amount-unit=major",
    );
    expect(await collect(readTransactions(path, mapping))).toEqual([
      {
        transactionId: "7",
        occurredAt: Date.UTC(2018, 3, 1, 0, 0, 31),
        cardFingerprint: "596",
        customerId: "596",
        merchantId: "3156",
        amountMinor: 5716,
        currency: "USD",
      },
    ]);
  });

  test("JSONL, and a row that cannot be read is named by its line", async () => {
    const path = join(folder, "a.jsonl");
    const good = {
      transactionId: "a",
      occurredAt: "2026-01-01T00:00:00Z",
      cardFingerprint: "fp",
      amountMinor: 100,
      currency: "EUR",
    };
    writeFileSync(path, `${JSON.stringify(good)}\n{"transactionId":"b"}\nnoise\n`);
    expect(await collect(readTransactions(path, mappingOf()))).toMatchObject([
      { transactionId: "a", currency: "EUR", occurredAt: Date.UTC(2026, 0, 1) },
      { line: 2, problem: "cardFingerprint is missing" },
      { line: 3 },
    ]);
  });

  test("a file that is not there is an error, packed or not", async () => {
    for (const name of ["none.csv", "none.csv.gz"]) {
      const reading = collect(readTransactions(join(folder, name), mappingOf()));
      await expect(reading).rejects.toThrow("ENOENT");
    }
  });

  test.each([
    ["146.00", 14_600],
    ["0.5", 50],
    ["12", 1_200],
    ["9.9900", 999],
    ["1.005", undefined],
    ["-3", undefined],
    ["1e3", undefined],
  ])("major amount %s is %s", (amount, expected) => {
    const row = { transactionId: "a", occurredAt: "0", cardFingerprint: "c", amountMinor: amount };
    const mapping = mappingOf("--amount-unit=major", "--time-unit=ms");
    const read = toTransaction(() => row, { line: 1, mapping });
    expect("amountMinor" in read ? read.amountMinor : undefined).toBe(expected);
  });

  test("quotes protect commas in CSV", () => {
    expect(splitCsv('a,"b,c","say ""hi""",')).toEqual(["a", "b,c", 'say "hi"', ""]);
  });
});

test.each([
  [["--rate", "5", "--max"], "exclude"],
  [["--speed", "fast"], "--speed"],
  [["--columns", "card=X"], "--columns"],
])("options %j are refused", (flags, problem) => {
  expect(() => parseOptions(["--input", "x", ...flags])).toThrow(problem);
});
