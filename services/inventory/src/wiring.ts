import {
  type Codec,
  createProducer,
  createRouter,
  deadLetter,
  deadLetterRecord,
  decode,
  type KafkaClient,
  metrics,
  on,
  type Router,
  retry,
  timeout,
  trace,
} from "@holdfast/messaging";
import {
  crashGuard,
  createDeadLetterOffice,
  createParkedSweeper,
  createRetentionSweeper,
  createWorkQueue,
  type Database,
  everyVersion,
  inbox,
  type Tx,
} from "@holdfast/outbox";
import { type Clock, type Component, deadLetterRoutes, type Route } from "@holdfast/service-kit";
import { type Logger, observe } from "@holdfast/telemetry";
import { createCarryOut } from "./handlers/carry-out.ts";
import { onOrderAccepted } from "./handlers/on-order-accepted.ts";
import { onOrderCancelled } from "./handlers/on-order-cancelled.ts";
import { onOrderConfirmed } from "./handlers/on-order-confirmed.ts";
import { onOrderPlaced } from "./handlers/on-order-placed.ts";
import { onReservationExpired } from "./handlers/on-reservation-expired.ts";
import { inventoryRoutes } from "./http/routes.ts";
import { countOpenReservations, type OrderReference } from "./store/reservations.ts";

/** The outside world, as inventory sees it. */
export interface InventoryOptions {
  readonly database: Database;
  readonly kafka: KafkaClient;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reservationExpiryMs: number;
}

/** Inventory, ready to start. */
export interface Inventory {
  readonly routes: readonly Route[];
  readonly router: Router;
  /** In the order of their start. */
  readonly components: readonly Component[];
}

const group = "inventory";

/** orders → StockReserved | StockRejected | StockCommitted | StockReleased on stock, via the outbox. */
export function wireInventory(options: InventoryOptions): Inventory {
  const { database, kafka, codec, clock, logger, reservationExpiryMs } = options;
  const expiries = createWorkQueue<OrderReference>({
    database,
    name: "reservation-expiries",
    perform: (task) => onReservationExpired(carryOut, clock)(task),
    clock,
    logger,
  });
  const carryOut = createCarryOut({ clock, expiries });
  const deadLetters = createProducer({ kafka, logger });
  const router = createRouter({
    kafka,
    group,
    logger,
    middleware: [
      trace(),
      metrics(),
      deadLetter({ producer: deadLetters }),
      crashGuard({ database }),
      retry(),
      timeout(),
      decode(codec),
      inbox({ database, entityOrder: "enforced" }),
    ],
    routes: [
      everyVersion(
        on<"orders", Tx>("orders", {
          OrderPlaced: onOrderPlaced(carryOut, { clock, expiryMs: reservationExpiryMs }),
          OrderAccepted: onOrderAccepted(carryOut),
          OrderConfirmed: onOrderConfirmed(carryOut),
          OrderCancelled: onOrderCancelled(carryOut),
        }),
      ),
    ],
  });
  const overdue = createParkedSweeper({
    database,
    group,
    logger,
    deadLetter: async (record, error) => {
      const failure = { group, error, attempts: 1, firstFailedAtMs: clock.now() };
      await deadLetters.send([deadLetterRecord(record, failure)]);
    },
  });
  observe("stock_reservations_open", async () => [
    { value: await countOpenReservations(database.read), labels: {} },
  ]);
  const office = createDeadLetterOffice({
    ...options,
    producer: deadLetters,
    group,
    topics: ["orders"],
    entityOrder: "enforced",
  });
  const retention = createRetentionSweeper({ database, logger });
  return {
    routes: [...inventoryRoutes(database), ...deadLetterRoutes(office)],
    router,
    components: [retention, deadLetters, overdue, expiries, router],
  };
}
