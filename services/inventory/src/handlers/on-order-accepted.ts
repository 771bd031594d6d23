import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { CarryOut } from "./carry-out.ts";

/** From now on the reservation waits for the capture and no longer expires. */
export function onOrderAccepted(carryOut: CarryOut) {
  return ({ event }: Message<"OrderAccepted">, tx: Tx): Promise<void> =>
    carryOut(tx, event, { type: "Accept" });
}
