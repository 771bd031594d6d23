import type { Handler } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { Payments } from "../payments.ts";

/** Undoes the order's payment: stops, voids or refunds it, whatever it takes. */
export function onOrderCancelled(payments: Payments): Handler<"OrderCancelled", Tx> {
  return ({ event }, tx) => payments.cancel(tx, event.orderId);
}
