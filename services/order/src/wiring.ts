import { readFileSync } from "node:fs";
import { createConsumer, type EventService, type Wiring } from "@holdfast/event-service";
import { on, type Route } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { createNudge } from "@holdfast/service-kit";
import { type Configuration, currenciesOf, sagaLimitsMs } from "./config.ts";
import { onPaymentAuthorized } from "./handlers/on-payment-authorized.ts";
import { onPaymentCaptureFailed } from "./handlers/on-payment-capture-failed.ts";
import { onPaymentCaptured } from "./handlers/on-payment-captured.ts";
import { onPaymentDeclined } from "./handlers/on-payment-declined.ts";
import { onPaymentHeld } from "./handlers/on-payment-held.ts";
import { onPaymentReleased } from "./handlers/on-payment-released.ts";
import { onPaymentVoided } from "./handlers/on-payment-voided.ts";
import { onStockRejected } from "./handlers/on-stock-rejected.ts";
import { onStockReleased } from "./handlers/on-stock-released.ts";
import { onStockReserved } from "./handlers/on-stock-reserved.ts";
import type { RecordAnswer } from "./handlers/record-answer.ts";
import { createStuckOrderSweeper } from "./jobs/stuck-orders.ts";
import { observeSagas } from "./metrics.ts";
import { createOrderService } from "./order-service.ts";
import { createPaymentMethods } from "./payment/payment-methods.ts";
import { createStatusAnnouncements } from "./store/status-announcements.ts";

/** The map: topic → event → handler. */
export function consumed(record: RecordAnswer): readonly Route[] {
  return [
    on<"stock", Tx>("stock", {
      StockReserved: onStockReserved(record),
      StockRejected: onStockRejected(record),
      StockReleased: onStockReleased(record),
    }),
    on<"payments", Tx>("payments", {
      PaymentAuthorized: onPaymentAuthorized(record),
      PaymentHeld: onPaymentHeld(record),
      PaymentReleased: onPaymentReleased(record),
      PaymentDeclined: onPaymentDeclined(record),
      PaymentVoided: onPaymentVoided(record),
      PaymentCaptured: onPaymentCaptured(record),
      PaymentCaptureFailed: onPaymentCaptureFailed(record),
    }),
  ];
}

/** payments, stock → OrderAccepted | OrderConfirmed | OrderCancelled on orders, via the outbox. */
export function wireOrder(service: EventService, config: Configuration): Wiring {
  const { database, logger } = service;
  const nudge = createNudge();
  const url = config.DATABASE_URL;
  const announcements = createStatusAnnouncements({ url, database, nudge, logger });
  const { record, routes } = createOrderService({
    ...service,
    nudge,
    announce: announcements.announce,
    paymentMethods: createPaymentMethods({
      url: config.PAYMENT_URL,
      apiKey: config.PAYMENT_API_KEY,
      timeoutMs: config.PAYMENT_TIMEOUT_MS,
      logger,
    }),
    currencies: currenciesOf(readFileSync(config.CURRENCIES_FILE, "utf8")),
    streamLookMs: 15_000,
  });
  const limitsMs = sagaLimitsMs(config);
  observeSagas(database.read, limitsMs);
  return {
    consumer: createConsumer(service, { entityOrder: "enforced", routes: consumed(record) }),
    routes,
    components: [
      announcements,
      createStuckOrderSweeper({ query: database.read, limitsMs, logger }),
    ],
  };
}
