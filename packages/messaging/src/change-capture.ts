import { histogram, recordSpan, type TraceHeaders } from "@holdfast/telemetry";
import { header } from "./message.ts";
import type { IncomingRecord } from "./record.ts";

/** A record as it arrives: by whom it is read, and when, milliseconds since the epoch. */
export interface Arrival {
  readonly record: Pick<IncomingRecord, "topic" | "partition" | "headers">;
  readonly group: string;
  readonly nowMs: number;
}

const hopSeconds = histogram("outbox_delivery_duration_seconds");

/**
 * Times a record's way from its outbox row through change data capture to this consumer, and records
 * it as the span `cdc <topic>`. Returns the headers that the handling has as its parent: those of that
 * span, or the record's own when the record did not come out of an outbox. Clocks of two machines may
 * disagree: a hop never ends before it began.
 */
export function arrive({ record, group, nowMs }: Arrival): TraceHeaders {
  const { topic, headers } = record;
  const createdAtMs = Date.parse(headers[header.createdAt] ?? "");
  if (Number.isNaN(createdAtMs)) return headers;
  const endTimeMs = Math.max(nowMs, createdAtMs);
  hopSeconds.record((endTimeMs - createdAtMs) / 1000, { topic, group });
  return recordSpan(`cdc ${topic}`, {
    kind: "consumer",
    parent: headers,
    startTimeMs: createdAtMs,
    endTimeMs,
    attributes: {
      "messaging.system": "kafka",
      "messaging.operation.type": "receive",
      "messaging.operation.name": "cdc",
      "messaging.destination.name": topic,
      "messaging.destination.partition.id": String(record.partition),
      "messaging.consumer.group.name": group,
    },
  });
}
