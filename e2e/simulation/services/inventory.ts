import { on } from "@holdfast/messaging";
import { createWorkQueue, type Tx } from "@holdfast/outbox";
import { silentLogger } from "@holdfast/telemetry";
import { createCarryOut } from "../../../services/inventory/src/handlers/carry-out.ts";
import { onOrderAccepted } from "../../../services/inventory/src/handlers/on-order-accepted.ts";
import { onOrderCancelled } from "../../../services/inventory/src/handlers/on-order-cancelled.ts";
import { onOrderConfirmed } from "../../../services/inventory/src/handlers/on-order-confirmed.ts";
import { onOrderPlaced } from "../../../services/inventory/src/handlers/on-order-placed.ts";
import { onReservationExpired } from "../../../services/inventory/src/handlers/on-reservation-expired.ts";
import { inventoryRoutes } from "../../../services/inventory/src/http/routes.ts";
import type { OrderReference } from "../../../services/inventory/src/store/reservations.ts";
import type { Ground, Part } from "./part.ts";

/** The inventory service in one process. */
export function startInventory({ database, clock }: Ground, reservationExpiryMs: number): Part {
  const expiries = createWorkQueue<OrderReference>({
    database,
    name: "reservation-expiries",
    perform: (task) => onReservationExpired(carryOut, clock)(task),
    clock,
    logger: silentLogger,
  });
  const carryOut = createCarryOut({ clock, expiries });
  return {
    routes: inventoryRoutes(database),
    consumes: [
      on<"orders", Tx>("orders", {
        OrderPlaced: onOrderPlaced(carryOut, { clock, expiryMs: reservationExpiryMs }),
        OrderAccepted: onOrderAccepted(carryOut),
        OrderConfirmed: onOrderConfirmed(carryOut),
        OrderCancelled: onOrderCancelled(carryOut),
      }),
    ],
    queues: [expiries],
  };
}
