import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { RecordAnswer } from "./record-answer.ts";

/** The reservation is gone: no sale, unless the order had ended and this is the echo of that. */
export function onStockReleased(record: RecordAnswer) {
  return ({ event }: Message<"StockReleased">, tx: Tx): Promise<void> =>
    record(tx, event, { type: "AbandonOrder", reason: "TIMED_OUT", paymentId: null });
}
