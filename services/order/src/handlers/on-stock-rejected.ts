import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { RecordAnswer } from "./record-answer.ts";

/** Not all units were there: no sale. */
export function onStockRejected(record: RecordAnswer) {
  return ({ event }: Message<"StockRejected">, tx: Tx): Promise<void> =>
    record(tx, event, { type: "AbandonOrder", reason: "OUT_OF_STOCK", paymentId: null });
}
