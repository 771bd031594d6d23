import { silentLogger } from "@holdfast/telemetry";
import { inventoryRoutes } from "../../../services/inventory/src/http/routes.ts";
import { createInventoryService } from "../../../services/inventory/src/inventory-service.ts";
import { consumed } from "../../../services/inventory/src/wiring.ts";
import type { Ground, Part } from "./part.ts";

/** The inventory service in one process. */
export function startInventory({ database, clock }: Ground, reservationExpiryMs: number): Part {
  const service = createInventoryService({ database, clock, logger: silentLogger });
  const { carryOut, expiries } = service;
  return {
    routes: inventoryRoutes(database),
    consumes: consumed(carryOut, { clock, expiryMs: reservationExpiryMs }),
    queues: [expiries],
  };
}
