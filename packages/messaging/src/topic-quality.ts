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
  for (const [first, count] of tally(framed, isAlike)) {
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
    for (const [{ topic }, count] of tally(lacking, isOfTopic)) {
      incomplete.add(count, { group, topic, missing });
    }
  }
}

function isFramed({ value }: IncomingRecord): boolean {
  return value !== null && value.length > frameBytes && value[0] === 0;
}

type Comparison = (a: IncomingRecord, b: IncomingRecord) => boolean;

const isOfTopic: Comparison = (a, b) => a.topic === b.topic;

const isAlike: Comparison = (a, b) =>
  isOfTopic(a, b) &&
  a.headers[header.eventType] === b.headers[header.eventType] &&
  a.value?.readUInt32BE(1) === b.value?.readUInt32BE(1);

/** The first record of each run of alike ones, and how many they are: most records are like those before. */
function tally(
  records: readonly IncomingRecord[],
  isSame: Comparison,
): readonly [IncomingRecord, number][] {
  const runs: [IncomingRecord, number][] = [];
  for (const record of records) {
    const run = runs.at(-1);
    if (run !== undefined && isSame(run[0], record)) run[1] += 1;
    else runs.push([record, 1]);
  }
  return runs;
}
