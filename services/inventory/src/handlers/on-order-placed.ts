import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { Clock } from "@holdfast/service-kit";
import { stockLinesOf } from "../domain/stock-lines.ts";
import type { CarryOut } from "./carry-out.ts";

/** Sets the order's units aside until `expiryMs` from now: all lines or nothing. */
export function onOrderPlaced(
  carryOut: CarryOut,
  { clock, expiryMs }: { readonly clock: Clock; readonly expiryMs: number },
) {
  return ({ event }: Message<"OrderPlaced">, tx: Tx): Promise<void> =>
    carryOut(tx, event, {
      type: "Reserve",
      lines: stockLinesOf(event.items),
      expiresAt: clock.now() + expiryMs,
    });
}
