import type { Reservation, ReservationEvent } from "./reservation.ts";
import type { StockLines } from "./stock-lines.ts";

/** Why units moved; `initial` and `restocked` bring units in, `committed` takes them out for good. */
export type MovementKind = "initial" | "restocked" | "reserved" | "released" | "committed";

/** A change of one product's counts; the sums of all changes are the counts. */
export interface StockMovement {
  readonly sku: string;
  readonly kind: MovementKind;
  readonly onHandChange: number;
  readonly reservedChange: number;
}

/** What the event, met by this reservation, does to the counts; ascending by sku, often nothing. */
export function movementsOf(
  reservation: Reservation,
  event: ReservationEvent,
): readonly StockMovement[] {
  switch (event.type) {
    case "StockReserved":
      return movements("reserved", event.lines, { onHand: 0, reserved: 1 });
    case "StockReleased":
      return movements("released", event.lines, { onHand: 0, reserved: -1 });
    case "StockCommitted": {
      // The units of an expired reservation are free again: they leave the stock, not the reserve.
      const reserved = reservation.status === "released" ? 0 : -1;
      return movements("committed", event.lines, { onHand: -1, reserved });
    }
    default:
      return [];
  }
}

function movements(
  kind: MovementKind,
  lines: StockLines,
  sign: { readonly onHand: 0 | -1; readonly reserved: 0 | 1 | -1 },
): readonly StockMovement[] {
  return lines.map(({ sku, quantity }) => ({
    sku,
    kind,
    onHandChange: sign.onHand * quantity,
    reservedChange: sign.reserved * quantity,
  }));
}
