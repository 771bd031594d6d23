import { createWorkQueue, type Database, type PerformTask, type WorkQueue } from "@holdfast/outbox";
import type { Clock } from "@holdfast/service-kit";
import { counter, type Logger, withSpan } from "@holdfast/telemetry";
import type { Sink } from "./sinks/sink.ts";
import { findNotification, markDelivered } from "./store/notifications.ts";

/** One owed delivery. */
export interface OwedDelivery {
  readonly notificationId: string;
}

/** A channel: its name and the durable queue of what it still has to deliver. */
export interface Channel {
  readonly name: string;
  readonly queue: WorkQueue<OwedDelivery>;
}

/** What deliveries need. */
export interface DeliveryOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Makes a channel with a queue of its own, so that a sink that is down or slow delays no other and
 * never the consumer. A delivery that fails is tried again after 1 s, doubling up to 5 minutes, for
 * as long as it takes.
 */
export function createChannel(sink: Sink, options: DeliveryOptions): Channel {
  const { database, clock, logger } = options;
  const queue = createWorkQueue<OwedDelivery>({
    database,
    name: `deliver-${sink.channel}`,
    perform: deliverTo(sink, options),
    clock,
    logger,
    backoffMs: (attempt) => Math.min(300_000, 500 * 2 ** Math.min(attempt, 10)),
  });
  return { name: sink.channel, queue };
}

function deliverTo(sink: Sink, { database, clock }: DeliveryOptions): PerformTask<OwedDelivery> {
  const { channel } = sink;
  return async ({ payload, attempt, signal }) => {
    const id = payload.notificationId;
    const notification = await findNotification(database.read, id);
    if (notification === undefined || notification.deliveredAt !== null) return async () => {};
    const { audience, eventId, eventType } = notification;
    const attributes = {
      "holdfast.channel": channel,
      "holdfast.event_id": eventId,
      "holdfast.event_type": eventType,
      "holdfast.attempt": attempt,
    };
    const count = (result: "delivered" | "failed") =>
      counter("notifications_total").add(1, { channel, audience, result });
    try {
      await withSpan(`notify ${channel}`, { kind: "producer", attributes }, () =>
        sink.deliver(notification, signal),
      );
    } catch (error) {
      count("failed");
      throw error;
    }
    return async (tx) => {
      await markDelivered(tx.query, { id, deliveredAt: clock.now() });
      tx.afterCommit(() => count("delivered"));
    };
  };
}
