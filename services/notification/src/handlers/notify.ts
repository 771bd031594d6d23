import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { Clock, Ids } from "@holdfast/service-kit";
import { currentTraceId } from "@holdfast/telemetry";
import type { Channel } from "../delivery.ts";
import type { Notice } from "../domain/notice.ts";
import { insertNotification } from "../store/notifications.ts";

/** Records a notice about the message in the transaction of its inbox row. */
export type Notify = (tx: Tx, message: Message, notice: Notice) => Promise<void>;

/** What recording needs besides the transaction. */
export interface NotifyOptions {
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Makes Notify: one record and one owed delivery per channel, together or not at all. The queue keeps
 * the active trace, so a delivery that comes much later still belongs to the order's trace. A message
 * that was told before changes nothing.
 */
export function createNotify({ channels, clock, ids }: NotifyOptions): Notify {
  return async (tx, message, notice) => {
    for (const { name: channel, queue } of channels) {
      const id = ids.next();
      const isNew = await insertNotification(tx.query, {
        ...notice,
        id,
        channel,
        eventId: message.id,
        eventType: message.type,
        traceId: currentTraceId() ?? null,
        occurredAt: message.event.occurredAt,
        createdAt: clock.now(),
      });
      if (isNew) await queue.schedule(tx, { key: id, payload: { notificationId: id } });
    }
  };
}
