import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { RecordAnswer } from "./record-answer.ts";

/** Nothing speaks against the payment any more. */
export function onPaymentReleased(record: RecordAnswer) {
  return ({ event }: Message<"PaymentReleased">, tx: Tx): Promise<void> =>
    record(tx, event, {
      type: "RecordPayment",
      payment: { stage: "capturable", paymentId: event.paymentId },
    });
}
