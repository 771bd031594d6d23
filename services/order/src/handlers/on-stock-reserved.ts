import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { RecordAnswer } from "./record-answer.ts";

/** All units are set aside. */
export function onStockReserved(record: RecordAnswer) {
  return ({ event }: Message<"StockReserved">, tx: Tx): Promise<void> =>
    record(tx, event, { type: "RecordStockReserved" });
}
