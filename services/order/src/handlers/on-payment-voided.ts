import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { RecordAnswer } from "./record-answer.ts";

/** The authorisation is given back: no sale. */
export function onPaymentVoided(record: RecordAnswer) {
  return ({ event }: Message<"PaymentVoided">, tx: Tx): Promise<void> =>
    record(tx, event, {
      type: "AbandonOrder",
      reason: "PAYMENT_VOIDED",
      paymentId: event.paymentId,
    });
}
