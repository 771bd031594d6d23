import { createWorkQueue, type Database, type WorkQueue } from "@holdfast/outbox";
import type { Clock } from "@holdfast/service-kit";
import type { Logger } from "@holdfast/telemetry";
import { type CarryOut, createCarryOut } from "./handlers/carry-out.ts";
import { onReservationExpired } from "./handlers/on-reservation-expired.ts";
import type { OrderReference } from "./store/reservations.ts";

/** What inventory decides by, and the expiries that it owes. */
export interface InventoryService {
  readonly carryOut: CarryOut;
  readonly expiries: WorkQueue<OrderReference>;
}

/** Whatever happens to an order's units happens through `carryOut`; it goes to `stock`. */
export function createInventoryService(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}): InventoryService {
  const { database, clock, logger } = options;
  const expiries = createWorkQueue<OrderReference>({
    database,
    name: "reservation-expiries",
    perform: (task) => onReservationExpired(carryOut, clock)(task),
    clock,
    logger,
  });
  const carryOut = createCarryOut({ clock, expiries });
  return { carryOut, expiries };
}
