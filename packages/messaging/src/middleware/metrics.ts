import { isEventName } from "@holdfast/contracts";
import { counter, histogram } from "@holdfast/telemetry";
import type { DeliveryContext, Middleware } from "../delivery.ts";
import { natureOf } from "../errors.ts";
import { header } from "../message.ts";

const processed = counter("messages_processed_total");
const duration = histogram("message_process_duration_seconds");

/** Counts deliveries by result and times them, retries included. */
export function metrics(): Middleware {
  return (next) => async (context) => {
    const startedAt = performance.now();
    let result = "failed";
    try {
      await next(context);
      result = context.result ?? "handled";
    } catch (error) {
      if (natureOf(error) === "aborted") result = "aborted";
      throw error;
    } finally {
      const labels = labelsOf(context);
      processed.add(1, { ...labels, result });
      duration.record((performance.now() - startedAt) / 1000, labels);
    }
  };
}

function labelsOf({ group, record, message }: DeliveryContext) {
  // A header is the sender's word: only names of the catalogue may become a label.
  const claimed = record.headers[header.eventType] ?? "";
  const type = message?.type ?? (isEventName(claimed) ? claimed : "unknown");
  return { group, topic: record.topic, event_type: type };
}
