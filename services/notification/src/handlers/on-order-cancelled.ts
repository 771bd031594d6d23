import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { orderCancelled } from "../domain/customer-notices.ts";
import type { Notify } from "./notify.ts";

/** Tells the customer that the order ended, in words that give no rule away. */
export function onOrderCancelled(notify: Notify) {
  return (message: Message<"OrderCancelled">, tx: Tx): Promise<void> =>
    notify(tx, message, orderCancelled(message.event, message.event.reason));
}
