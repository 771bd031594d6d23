import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { RecordAnswer } from "./record-answer.ts";

/** The money moved: the sale is made. */
export function onPaymentCaptured(record: RecordAnswer) {
  return ({ event }: Message<"PaymentCaptured">, tx: Tx): Promise<void> =>
    record(tx, event, { type: "RecordCapture", paymentId: event.paymentId });
}
