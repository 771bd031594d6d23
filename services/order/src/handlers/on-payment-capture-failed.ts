import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { RecordAnswer } from "./record-answer.ts";

/** The money did not move: the accepted order is cancelled after all. */
export function onPaymentCaptureFailed(record: RecordAnswer) {
  return ({ event }: Message<"PaymentCaptureFailed">, tx: Tx): Promise<void> =>
    record(tx, event, {
      type: "AbandonOrder",
      reason: "CAPTURE_FAILED",
      paymentId: event.paymentId,
    });
}
