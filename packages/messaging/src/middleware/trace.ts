import { withSpan } from "@holdfast/telemetry";
import type { Middleware } from "../delivery.ts";
import { header } from "../message.ts";

/**
 * One span `process <topic>` a delivery, child of the span that sent the record: an order's way
 * through all services is one trace. A malformed traceparent starts a new trace.
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
        parent: record.headers,
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
      },
    );
  };
}
