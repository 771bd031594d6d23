import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { holdWithoutAlert } from "../domain/payment-notices.ts";
import type { Notify } from "./notify.ts";

/** Tells the analysts of a hold that no alert speaks of. */
export function onPaymentHeld(notify: Notify) {
  return async (message: Message<"PaymentHeld">, tx: Tx): Promise<void> => {
    const notice = holdWithoutAlert(message.event);
    if (notice !== undefined) await notify(tx, message, notice);
  };
}
