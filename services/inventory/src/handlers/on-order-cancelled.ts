import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { CarryOut } from "./carry-out.ts";

/** Frees the units; before the order's reservation it leaves a tombstone that forestalls it. */
export function onOrderCancelled(carryOut: CarryOut) {
  return ({ event }: Message<"OrderCancelled">, tx: Tx): Promise<void> =>
    carryOut(tx, event, { type: "Release" });
}
