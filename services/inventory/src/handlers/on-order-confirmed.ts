import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { CarryOut } from "./carry-out.ts";

/** The units are sold: they leave the stock. */
export function onOrderConfirmed(carryOut: CarryOut) {
  return ({ event }: Message<"OrderConfirmed">, tx: Tx): Promise<void> =>
    carryOut(tx, event, { type: "Commit" });
}
