import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { formatMoney } from "@holdfast/service-kit";
import { orderReceived } from "../domain/customer-notices.ts";
import type { Notify } from "./notify.ts";

/** Acknowledges the order to its customer. */
export function onOrderPlaced(notify: Notify) {
  return (message: Message<"OrderPlaced">, tx: Tx): Promise<void> => {
    const { event } = message;
    const amount = formatMoney(event.amountMinor, event.currency);
    return notify(tx, message, orderReceived(event, amount));
  };
}
