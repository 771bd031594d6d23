import type { Handler } from "@holdfast/messaging";
import type { Clock, Tx } from "@holdfast/outbox";
import type { Payments } from "../payments.ts";

/**
 * Captures the order's payment. An acceptance of a payment that is not there, or not for capture, is a
 * fault of order's: it is tried again, and then dead-lettered, rather than lost.
 */
export function onOrderAccepted(payments: Payments, clock: Clock): Handler<"OrderAccepted", Tx> {
  return async ({ event }, tx) => {
    const { orderId } = event;
    const command = { type: "CapturePayment", at: clock.now() } as const;
    const payment = await payments.execute(tx, { orderId }, command);
    if (payment === undefined) throw new Error(`Order ${orderId} was accepted without a payment`);
  };
}
