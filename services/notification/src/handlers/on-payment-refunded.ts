import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { lateDeclineOf } from "../domain/payment-notices.ts";
import type { Notify } from "./notify.ts";

/** Tells the analysts of a late decline after the capture. */
export function onPaymentRefunded(notify: Notify) {
  return async (message: Message<"PaymentRefunded">, tx: Tx): Promise<void> => {
    const notice = lateDeclineOf(message.event);
    if (notice !== undefined) await notify(tx, message, notice);
  };
}
