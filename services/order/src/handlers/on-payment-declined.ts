import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { RecordAnswer } from "./record-answer.ts";

/** The payment will not happen: no sale. */
export function onPaymentDeclined(record: RecordAnswer) {
  return ({ event }: Message<"PaymentDeclined">, tx: Tx): Promise<void> =>
    record(tx, event, {
      type: "AbandonOrder",
      reason: "PAYMENT_DECLINED",
      paymentId: event.paymentId,
    });
}
