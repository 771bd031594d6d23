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

/** What an event is about: by these a person finds the trace. */
function subjectOf({ event }: Message): SpanAttributes {
  return {
    ...("orderId" in event && { "holdfast.order_id": event.orderId }),
    ...("paymentId" in event && { "holdfast.payment_id": event.paymentId }),
    ...("decisionId" in event && { "holdfast.decision_id": event.decisionId }),
    ...("alertId" in event && { "holdfast.alert_id": event.alertId }),
    ...("outcome" in event && { "holdfast.outcome": event.outcome }),
  };
}
