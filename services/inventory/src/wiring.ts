import { createConsumer, type EventService, type Wiring } from "@holdfast/event-service";
import { on, type Route } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import type { Clock } from "@holdfast/service-kit";
import { observe } from "@holdfast/telemetry";
import type { Configuration } from "./config.ts";
import type { CarryOut } from "./handlers/carry-out.ts";
import { onOrderAccepted } from "./handlers/on-order-accepted.ts";
import { onOrderCancelled } from "./handlers/on-order-cancelled.ts";
import { onOrderConfirmed } from "./handlers/on-order-confirmed.ts";
import { onOrderPlaced } from "./handlers/on-order-placed.ts";
import { inventoryRoutes } from "./http/routes.ts";
import { createInventoryService } from "./inventory-service.ts";
import { countOpenReservations } from "./store/reservations.ts";

/** The map: topic → event → handler. */
export function consumed(
  carryOut: CarryOut,
  reserving: { readonly clock: Clock; readonly expiryMs: number },
): readonly Route[] {
  return [
    on<"orders", Tx>("orders", {
      OrderPlaced: onOrderPlaced(carryOut, reserving),
      OrderAccepted: onOrderAccepted(carryOut),
      OrderConfirmed: onOrderConfirmed(carryOut),
      OrderCancelled: onOrderCancelled(carryOut),
    }),
  ];
}

/** orders → StockReserved | StockRejected | StockCommitted | StockReleased on stock, via the outbox. */
export function wireInventory(service: EventService, config: Configuration): Wiring {
  const { database, clock } = service;
  const { carryOut, expiries } = createInventoryService(service);
  observe("stock_reservations_open", async () => [
    { value: await countOpenReservations(database.read), labels: {} },
  ]);
  return {
    consumer: createConsumer(service, {
      entityOrder: "enforced",
      routes: consumed(carryOut, { clock, expiryMs: config.RESERVATION_EXPIRY_MS }),
    }),
    routes: inventoryRoutes(database),
    components: [expiries],
  };
}
