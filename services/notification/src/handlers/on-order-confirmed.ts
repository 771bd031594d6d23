import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { formatMoney } from "@holdfast/service-kit";
import { orderConfirmed } from "../domain/customer-notices.ts";
import type { Notify } from "./notify.ts";

/** Tells the customer that the order is theirs and what it cost. */
export function onOrderConfirmed(notify: Notify) {
  return (message: Message<"OrderConfirmed">, tx: Tx): Promise<void> => {
    const { event } = message;
    const amount = formatMoney(event.amountMinor, event.currency);
    return notify(tx, message, orderConfirmed(event, amount));
  };
}
