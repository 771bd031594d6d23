import type { PerformTask } from "@holdfast/outbox";
import type { Clock } from "@holdfast/service-kit";
import type { OrderReference } from "../store/reservations.ts";
import type { CarryOut } from "./carry-out.ts";

/**
 * The timer of a reservation fires. Whether it still counts is decided under the reservation's lock:
 * an order accepted or cancelled at the same moment wins or loses, never both.
 */
export function onReservationExpired(
  carryOut: CarryOut,
  clock: Clock,
): PerformTask<OrderReference> {
  return async ({ payload, dueAt }) =>
    (tx) =>
      // The timer is gone with this transaction, so a clock that stepped back must not spare anyone.
      carryOut(tx, payload, { type: "Expire", now: Math.max(clock.now(), dueAt) });
}
