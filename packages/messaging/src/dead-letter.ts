import { redactText } from "@holdfast/telemetry";
import { errorClassOf } from "./errors.ts";
import type { OutgoingRecord } from "./producer.ts";
import type { IncomingRecord } from "./record.ts";

/** The dead-letter topic of a group's view of a topic: what one group cannot handle, another can. */
export function deadLetterTopic(topic: string, group: string): string {
  return `${topic}.${group}.dlq`;
}

/** The headers that a dead letter carries beside the original ones. */
export const deadLetterHeader = {
  topic: "dlq_original_topic",
  partition: "dlq_original_partition",
  offset: "dlq_original_offset",
  timestamp: "dlq_original_timestamp",
  group: "dlq_group",
  errorClass: "dlq_error_class",
  errorMessage: "dlq_error_message",
  attempts: "dlq_attempts",
  firstFailedAt: "dlq_first_failed_at",
} as const;

const maxMessageLength = 300;

/**
 * The original key, bytes and headers, and why it is here. The error's message is cut and freed of
 * card numbers and addresses, and our decode errors never quote the payload. Times are ISO 8601.
 */
export function deadLetterRecord(
  record: IncomingRecord,
  failure: { group: string; error: unknown; attempts: number; firstFailedAtMs: number },
): OutgoingRecord {
  const { group, error, attempts, firstFailedAtMs } = failure;
  const message = error instanceof Error ? error.message : String(error);
  return {
    topic: deadLetterTopic(record.topic, group),
    key: record.key,
    value: record.value,
    headers: {
      ...record.rawHeaders,
      [deadLetterHeader.topic]: record.topic,
      [deadLetterHeader.partition]: String(record.partition),
      [deadLetterHeader.offset]: record.offset,
      [deadLetterHeader.timestamp]: new Date(record.timestampMs).toISOString(),
      [deadLetterHeader.group]: group,
      [deadLetterHeader.errorClass]: errorClassOf(error),
      [deadLetterHeader.errorMessage]: redactText(message).slice(0, maxMessageLength),
      [deadLetterHeader.attempts]: String(attempts),
      [deadLetterHeader.firstFailedAt]: new Date(firstFailedAtMs).toISOString(),
    },
  };
}

/** A record of a dead-letter topic, read back. */
export interface DeadLetter {
  /** Where it lies on the dead-letter topic. */
  readonly record: IncomingRecord;
  readonly originalTopic: string;
  readonly originalPartition: number;
  readonly originalOffset: string;
  readonly group: string;
  readonly errorClass: string;
  readonly errorMessage: string;
  readonly attempts: number;
  /** ISO 8601. */
  readonly firstFailedAt: string;
}

/** Reads what {@link deadLetterRecord} wrote; undefined when the headers are not those of a dead letter. */
export function readDeadLetter(record: IncomingRecord): DeadLetter | undefined {
  const { headers } = record;
  const topic = headers[deadLetterHeader.topic];
  const partition = Number(headers[deadLetterHeader.partition]);
  if (topic === undefined || !Number.isInteger(partition) || partition < 0) return undefined;
  return {
    record,
    originalTopic: topic,
    originalPartition: partition,
    originalOffset: headers[deadLetterHeader.offset] ?? "",
    group: headers[deadLetterHeader.group] ?? "",
    errorClass: headers[deadLetterHeader.errorClass] ?? "",
    errorMessage: headers[deadLetterHeader.errorMessage] ?? "",
    attempts: Number(headers[deadLetterHeader.attempts] ?? 0),
    firstFailedAt: headers[deadLetterHeader.firstFailedAt] ?? "",
  };
}

/**
 * The record as it first was, event id and trace included, for the partition that it came from. Every
 * group on that topic sees it again; their inboxes know the id.
 */
export function redrivenRecord({ record, ...letter }: DeadLetter): OutgoingRecord {
  const added = new Set<string>(Object.values(deadLetterHeader));
  const headers = Object.entries(record.rawHeaders).filter(([name]) => !added.has(name));
  return {
    topic: letter.originalTopic,
    partition: letter.originalPartition,
    key: record.key,
    value: record.value,
    headers: Object.fromEntries(headers),
  };
}
