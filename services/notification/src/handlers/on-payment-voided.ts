import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { lateDeclineOf } from "../domain/payment-notices.ts";
import type { Notify } from "./notify.ts";

/** Tells the analysts of a late decline. */
export function onPaymentVoided(notify: Notify) {
  return async (message: Message<"PaymentVoided">, tx: Tx): Promise<void> => {
    const notice = lateDeclineOf(message.event);
    if (notice !== undefined) await notify(tx, message, notice);
  };
}
