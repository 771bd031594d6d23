import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { RecordAnswer } from "./record-answer.ts";

/** A person will look at the payment. */
export function onPaymentHeld(record: RecordAnswer) {
  return ({ event }: Message<"PaymentHeld">, tx: Tx): Promise<void> =>
    record(tx, event, {
      type: "RecordPayment",
      payment: { stage: "held", paymentId: event.paymentId },
    });
}
