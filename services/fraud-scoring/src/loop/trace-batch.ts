import { arrive, header } from "@holdfast/messaging";
import { recordSpan, type TraceHeaders } from "@holdfast/telemetry";
import type { ReadRecord } from "./read-records.ts";

const noTrace: TraceHeaders = {};

/** When a batch was worked on, milliseconds since the epoch, and by which consumer group. */
export interface BatchWork {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly group: string;
}

/**
 * The trace that the outputs of a record belong to: a span of this hop when the sender's trace is
 * sampled, else what the record carried. Nothing is recorded for records without a sampled trace.
 */
export function traceOf(read: ReadRecord, work: BatchWork): TraceHeaders {
  const { headers, topic, partition } = read.source;
  const traceparent = headers[header.traceparent];
  if (traceparent === undefined) return noTrace;
  const tracestate = headers[header.tracestate];
  const carried = { traceparent, ...(tracestate !== undefined && { tracestate }) };
  if (!isSampled(traceparent)) return carried;
  const own = recordSpan(`process ${topic}`, {
    kind: "consumer",
    parent: arrive({ record: read.source, group: work.group, nowMs: work.startedAtMs }),
    startTimeMs: work.startedAtMs,
    endTimeMs: work.endedAtMs,
    attributes: {
      "messaging.system": "kafka",
      "messaging.operation.type": "process",
      "messaging.destination.name": topic,
      "messaging.destination.partition.id": String(partition),
      "messaging.kafka.offset": read.record.offset,
      "holdfast.event_id": read.record.eventId,
    },
  });
  return own.traceparent === undefined ? carried : own;
}

/** The lowest bit of the last field: W3C Trace Context §3.2.2.5. */
function isSampled(traceparent: string): boolean {
  return (Number.parseInt(traceparent.slice(-1), 16) & 1) === 1;
}
