import type { Tx, WorkQueue } from "@holdfast/outbox";
import type { Clock } from "@holdfast/service-kit";
import { counter } from "@holdfast/telemetry";
import { movementsOf } from "../domain/movements.ts";
import {
  decide,
  evolve,
  linesHeldBy,
  type ReservationCommand,
  type ReservationEvent,
} from "../domain/reservation.ts";
import { lockReservation, type OrderReference, saveReservation } from "../store/reservations.ts";
import { lockFreeUnits, moveStock } from "../store/stock.ts";

/** What carrying a command out needs besides the transaction. */
export interface CarryOutOptions {
  readonly clock: Clock;
  /** One timer a reservation, keyed by order; its payload is the order. */
  readonly expiries: Pick<WorkQueue<OrderReference>, "schedule" | "cancel">;
}

/** Carries a command out on one order's reservation, inside the caller's transaction. */
export type CarryOut = (
  tx: Tx,
  order: OrderReference,
  command: ReservationCommand,
) => Promise<void>;

/**
 * Makes CarryOut: locks timer, reservation and products in this order, decides, and writes state, counts,
 * journal, timer and published event together. Doing it again changes nothing.
 */
export function createCarryOut({ clock, expiries }: CarryOutOptions): CarryOut {
  return async (tx, { orderId, customerId }, command) => {
    const order = { orderId, customerId };
    // Whatever is decided, the expiry has no say after these. The timer comes before the reservation,
    // as it does when it fires: the other way round the two would deadlock.
    if (command.type !== "Reserve" && command.type !== "Expire") await expiries.cancel(tx, orderId);
    const reservation = await lockReservation(tx, orderId);
    const lines = command.type === "Reserve" ? command.lines : linesHeldBy(reservation);
    const free = await lockFreeUnits(
      tx,
      lines.map(({ sku }) => sku),
    );
    const event = decide(reservation, command, free);
    if (event === undefined) return;
    await saveReservation(tx, order, { from: reservation, to: evolve(reservation, event) });
    await moveStock(tx, movementsOf(reservation, event), { orderId });
    if (event.type === "StockReserved") {
      await expiries.schedule(tx, { key: orderId, payload: order, dueAt: event.expiresAt });
    }
    await publish(tx, event, { ...order, occurredAt: clock.now() });
    tx.afterCommit(() => counter("stock_reservations_total").add(1, { result: resultOf(event) }));
  };
}

async function publish(
  tx: Tx,
  event: ReservationEvent,
  fact: OrderReference & { readonly occurredAt: number },
): Promise<void> {
  const to = { key: fact.customerId, entityId: fact.orderId };
  switch (event.type) {
    case "StockReserved": {
      const { lines, expiresAt } = event;
      await tx.publish("stock", event.type, { ...fact, items: [...lines], expiresAt }, to);
      return;
    }
    case "StockRejected": {
      const { reason, skus } = event;
      await tx.publish("stock", event.type, { ...fact, reason, skus: [...skus] }, to);
      return;
    }
    case "StockCommitted":
      await tx.publish("stock", event.type, { ...fact, items: [...event.lines] }, to);
      return;
    case "StockReleased": {
      const { lines, reason } = event;
      await tx.publish("stock", event.type, { ...fact, items: [...lines], reason }, to);
      return;
    }
    case "ReservationPromised":
    case "ReservationForestalled":
      return;
  }
}

function resultOf(event: ReservationEvent): string {
  switch (event.type) {
    case "StockReserved":
      return "reserved";
    case "StockRejected":
      return "rejected";
    case "StockCommitted":
      return "committed";
    case "StockReleased":
      return event.reason === "EXPIRED" ? "expired" : "released";
    case "ReservationPromised":
      return "promised";
    case "ReservationForestalled":
      return "forestalled";
  }
}
