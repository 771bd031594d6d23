import type { Handler } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { Payments } from "../payments.ts";

/** Begins the order's payment and asks the scorer. */
export function onOrderPlaced(payments: Payments): Handler<"OrderPlaced", Tx> {
  return ({ event }, tx) => payments.request(tx, event);
}
