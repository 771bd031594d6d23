import { type SpanAttributes, withSpan } from "@holdfast/telemetry";
import { arrive } from "../change-capture.ts";
import type { Middleware } from "../delivery.ts";
import { header, type Message } from "../message.ts";
import { systemNow } from "../system.ts";

/**
 * One span `process <topic>` a delivery, child of the span that sent the record, with the record's way
 * through change data capture between them: an order's way through all services is one trace. A
 * malformed traceparent starts a new trace.
 */
export function trace(): Middleware {
  return (next) => (context) => {
    const { record, group } = context;
    const type = record.headers[header.eventType];
    const id = record.headers[header.id];
    return withSpan(
      `process ${record.topic}`,
      {
        kind: "consumer",
        parent: arrive({ record, group, nowMs: systemNow() }),
        attributes: {
          "messaging.system": "kafka",
          "messaging.operation.type": "process",
          "messaging.operation.name": "process",
          "messaging.destination.name": record.topic,
          "messaging.destination.partition.id": String(record.partition),
          "messaging.kafka.offset": Number(record.offset),
          "messaging.consumer.group.name": group,
          ...(type !== undefined && { "holdfast.event_type": type }),
          ...(id !== undefined && { "messaging.message.id": id }),
        },
      },
      async (span) => {
        await next(context);
        if (context.attempt > 1) span.setAttribute("holdfast.attempt", context.attempt);
        if (context.result !== undefined) span.setAttribute("holdfast.result", context.result);
        if (context.message !== undefined) span.setAttributes(subjectOf(context.message));
      },
    );
  };
}

const subjects = [
  ["orderId", "holdfast.order_id"],
  ["paymentId", "holdfast.payment_id"],
  ["decisionId", "holdfast.decision_id"],
  ["alertId", "holdfast.alert_id"],
  ["outcome", "holdfast.outcome"],
  ["verdictSource", "holdfast.verdict_source"],
] as const;

/** What an event is about: by these a person finds the trace. */
function subjectOf({ event }: Message): SpanAttributes {
  const fields = event as unknown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    subjects.flatMap(([field, attribute]) => {
      const value = fields[field];
      return typeof value === "string" ? [[attribute, value]] : [];
    }),
  );
}
