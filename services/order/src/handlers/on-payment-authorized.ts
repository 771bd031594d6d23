import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { RecordAnswer } from "./record-answer.ts";

/** The money is set aside; it may be captured unless only a fallback said so. */
export function onPaymentAuthorized(record: RecordAnswer) {
  return ({ event }: Message<"PaymentAuthorized">, tx: Tx): Promise<void> =>
    record(tx, event, {
      type: "RecordPayment",
      payment: {
        stage: event.captureAllowed ? "capturable" : "authorised",
        paymentId: event.paymentId,
      },
    });
}
