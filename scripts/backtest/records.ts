import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { type Stream, type StreamEvent, toEvent, type Value } from "@holdfast/cep";

/** One row of the input: the event, the card it belongs to, and what became of it if that is known. */
export interface HistoricRecord {
  readonly key: string;
  readonly event: StreamEvent;
  readonly amountMinor: number;
  readonly fraud: boolean | undefined;
}

/** Bytes read so far, for the progress bar. */
export interface Progress {
  bytes: number;
}

/** Lines of a file, unpacked when its name ends in .gz; memory does not grow with the file. */
export async function* linesOf(
  path: string,
  progress: Progress,
): AsyncGenerator<readonly string[]> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  file.on("data", (chunk) => {
    progress.bytes += chunk.length;
  });
  const bytes = path.endsWith(".gz") ? file.pipe(createGunzip({ chunkSize: 1 << 18 })) : file;
  let rest = "";
  for await (const chunk of bytes) {
    const lines = (rest + (chunk as Buffer).toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    yield lines;
  }
  if (rest !== "") yield [rest];
}

/** Turns lines into records; the first line decides how. Throws on a form that is not known. */
export function readerFor(
  first: string,
  stream: Stream,
): (line: string) => HistoricRecord | undefined {
  if (first.startsWith("{")) return (line) => jsonRecord(line, stream);
  const columns = first.trim().split(",");
  if (columns.includes("TX_TIME_SECONDS")) return handbookReader(columns, stream);
  throw new Error("Neither JSON lines nor a CSV with the columns of the Fraud Detection Handbook.");
}

/** `{ id, type, at, fields, fraud? }`, a line each. */
function jsonRecord(line: string, stream: Stream): HistoricRecord | undefined {
  if (line.trim() === "") return undefined;
  const record = JSON.parse(line) as {
    id: string;
    type: string;
    at: number;
    fields: Record<string, Value>;
    fraud?: boolean;
  };
  const amount = record.fields["amount"];
  return {
    key: String(record.fields[stream.key]),
    event: toEvent(stream, record),
    amountMinor: typeof amount === "number" ? amount : 0,
    fraud: record.fraud,
  };
}

/** Times of the Handbook count from here. */
const handbookStart = Date.UTC(2018, 3, 1);

function handbookReader(
  columns: readonly string[],
  stream: Stream,
): (line: string) => HistoricRecord | undefined {
  const at = (name: string): number => columns.indexOf(name);
  const [id, time, customer, terminal, amount, fraud] = [
    at("TRANSACTION_ID"),
    at("TX_TIME_SECONDS"),
    at("CUSTOMER_ID"),
    at("TERMINAL_ID"),
    at("TX_AMOUNT"),
    at("TX_FRAUD"),
  ];
  const positions = new Map(stream.fields.map((field, i) => [field.name, i]));
  const place = (values: Value[], name: string, value: Value): void => {
    const position = positions.get(name);
    if (position !== undefined) values[position] = value;
  };
  return (line) => {
    if (line === "") return undefined;
    const cells = line.split(",");
    const key = `card-${cells[customer ?? -1]}`;
    const amountMinor = Math.round(Number(cells[amount ?? -1]) * 100);
    const values = new Array<Value>(stream.fields.length).fill(undefined);
    place(values, stream.key, key);
    place(values, "customerId", `customer-${cells[customer ?? -1]}`);
    place(values, "merchantId", `terminal-${cells[terminal ?? -1]}`);
    place(values, "amount", amountMinor);
    place(values, "currency", stream.currency);
    const event = {
      id: `tx-${cells[id ?? -1]}`,
      type: stream.judged[0] ?? "",
      at: handbookStart + Number(cells[time ?? -1]) * 1_000,
      values,
    };
    return { key, event, amountMinor, fraud: cells[fraud ?? -1]?.trim() === "1" };
  };
}
