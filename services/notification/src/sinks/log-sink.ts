import type { Logger } from "@holdfast/telemetry";
import type { Sink } from "./sink.ts";

/** Writes each notification to the service's log: the channel that always works. */
export function createLogSink(logger: Logger): Sink {
  return {
    channel: "log",
    deliver: async ({ id, audience, customerId, orderId, subject, body, occurredAt }) => {
      const fields = { notificationId: id, audience, customerId, orderId, subjectLine: subject };
      logger.info({ ...fields, occurredAt, channel: "log" }, body);
    },
  };
}
