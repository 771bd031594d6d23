import type { Notification } from "../store/notifications.ts";

/**
 * Where messages of one channel go. `deliver` resolves once the other side has taken the message and
 * rejects otherwise; it is then tried again, so the same notification may come more than once, always
 * with the same id: pass that on as the idempotency key where the other side honours one.
 */
export interface Sink {
  /** Names the channel in records, metrics and queues; never changes once used. */
  readonly channel: string;
  /** Must give up when the signal aborts. */
  deliver(notification: Notification, signal: AbortSignal): Promise<void>;
}
