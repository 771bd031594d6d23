import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { minorUnitDigits } from "@holdfast/service-kit";
import type { Field, Mapping } from "./options.ts";

/** One transaction of a file. */
export interface Transaction {
  readonly transactionId: string;
  readonly occurredAt: number;
  readonly cardFingerprint: string;
  readonly customerId: string;
  readonly merchantId: string;
  readonly amountMinor: number;
  readonly currency: string;
}

/** A row that is no transaction, and why. */
export interface BadRow {
  readonly line: number;
  readonly problem: string;
}

/** The rows of a JSONL or CSV file in order, told by its name; `.gz` is unpacked on the way. */
export async function* readTransactions(
  path: string,
  mapping: Mapping,
): AsyncGenerator<Transaction | BadRow> {
  const isCsv = /\.csv(\.gz)?$/i.test(path);
  let header: readonly string[] | undefined;
  let line = 0;
  for await (const text of linesOf(path)) {
    line += 1;
    if (text.trim() === "") continue;
    if (isCsv && header === undefined) header = splitCsv(text);
    else yield toTransaction(() => rowOf(text, header), { line, mapping });
  }
}

function linesOf(path: string): AsyncIterable<string> {
  const file = createReadStream(path);
  const input = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  // A pipe does not pass errors on: without this a missing file would end as an empty one.
  file.on("error", (error) => input.destroy(error));
  return createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}

type Row = Readonly<Record<string, unknown>>;

function rowOf(text: string, header: readonly string[] | undefined): Row {
  if (header === undefined) return JSON.parse(text) as Row;
  const cells = splitCsv(text);
  return Object.fromEntries(header.map((name, index) => [name, cells[index]]));
}

/** RFC 4180 within one line: quotes protect commas, a doubled quote is a quote. */
export function splitCsv(text: string): string[] {
  if (!text.includes('"')) return text.split(",");
  const cells = text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
}

/** Reads one row; a row that cannot be read becomes a BadRow. */
export function toTransaction(
  read: () => Row,
  { line, mapping }: { line: number; mapping: Mapping },
): Transaction | BadRow {
  try {
    const row = read();
    const cell = (field: Field) => textOf(row[mapping.columns.get(field) ?? field]);
    const cardFingerprint = required("cardFingerprint", cell("cardFingerprint"));
    const currency = cell("currency") ?? mapping.currency;
    const digits = mapping.amountUnit === "minor" ? 0 : minorUnitDigits(currency);
    return {
      transactionId: required("transactionId", cell("transactionId")),
      occurredAt: timeOf(required("occurredAt", cell("occurredAt")), mapping),
      cardFingerprint,
      customerId: cell("customerId") ?? cardFingerprint,
      merchantId: cell("merchantId") ?? "unknown",
      amountMinor: amountOf(required("amountMinor", cell("amountMinor")), digits),
      currency,
    };
  } catch (error) {
    return { line, problem: error instanceof Error ? error.message : String(error) };
  }
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null || value === "" ? undefined : String(value);
}

function required(field: Field, text: string | undefined): string {
  if (text === undefined) throw new Error(`${field} is missing`);
  return text;
}

function timeOf(text: string, { timeUnit, timeOriginMs }: Mapping): number {
  const at =
    timeUnit === "iso"
      ? Date.parse(text)
      : timeOriginMs + Math.round(Number(text) * (timeUnit === "s" ? 1000 : 1));
  if (!Number.isSafeInteger(at)) throw new Error(`occurredAt "${text}" is no time (${timeUnit})`);
  return at;
}

/** Decimal digits, never floating point: 57.16 with two digits is 5716. */
function amountOf(text: string, digits: number): number {
  const [, whole, fraction = ""] = /^(\d{1,13})(?:\.(\d*?)0*)?$/.exec(text) ?? [];
  if (whole === undefined || fraction.length > digits) {
    throw new Error(`amountMinor "${text}" is no amount with ${digits} digits after the point`);
  }
  return Number(whole + fraction.padEnd(digits, "0"));
}
