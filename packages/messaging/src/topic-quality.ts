import { counter } from "@holdfast/telemetry";
import { header } from "./message.ts";
import type { IncomingRecord } from "./record.ts";

const read = counter("topic_records_read_total");
const incomplete = counter("topic_records_incomplete_total");

const expectedHeaders = [
  ["id", header.id],
  ["event_type", header.eventType],
  ["trace", header.traceparent],
] as const;

/** Confluent's wire format: a zero byte, then the schema's id. */
const frameBytes = 5;

/**
 * Counts what the quality of topics is judged by: the schemas that records were written with, and what
 * records lack. Foreign bytes are not counted. Adds up first: a counter costs more than an addition.
 */
export function countQuality(group: string, records: readonly IncomingRecord[]): void {
  const framed = records.filter(isFramed);
  for (const [first, count] of tally(framed, kindOf)) {
    const { topic, headers, value } = first;
    read.add(count, {
      group,
      topic,
      event_type: headers[header.eventType] ?? "unknown",
      schema_id: String(value?.readUInt32BE(1)),
    });
  }
  for (const [missing, name] of expectedHeaders) {
    const lacking = framed.filter(({ headers }) => !headers[name]);
    for (const [{ topic }, count] of tally(lacking, (record) => record.topic)) {
      incomplete.add(count, { group, topic, missing });
    }
  }
}

function isFramed({ value }: IncomingRecord): boolean {
  return value !== null && value.length > frameBytes && value[0] === 0;
}

const kindOf = ({ topic, headers, value }: IncomingRecord): string =>
  `${topic} ${headers[header.eventType]} ${value?.readUInt32BE(1)}`;

/** One record of each kind, and how many there are of it. */
function tally(
  records: readonly IncomingRecord[],
  kind: (record: IncomingRecord) => string,
): Iterable<[IncomingRecord, number]> {
  const kinds = new Map<string, [IncomingRecord, number]>();
  for (const record of records) {
    const name = kind(record);
    const known = kinds.get(name);
    if (known === undefined) kinds.set(name, [record, 1]);
    else known[1] += 1;
  }
  return kinds.values();
}
