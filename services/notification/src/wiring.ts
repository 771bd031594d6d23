import { createConsumer, type EventService, type Wiring } from "@holdfast/event-service";
import { on, type Route } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { observe } from "@holdfast/telemetry";
import type { Configuration } from "./config.ts";
import { createChannel } from "./delivery.ts";
import { createNotify, type Notify } from "./handlers/notify.ts";
import { onFraudAlertRaised } from "./handlers/on-fraud-alert-raised.ts";
import { onOrderCancelled } from "./handlers/on-order-cancelled.ts";
import { onOrderConfirmed } from "./handlers/on-order-confirmed.ts";
import { onOrderPlaced } from "./handlers/on-order-placed.ts";
import { onPaymentHeld } from "./handlers/on-payment-held.ts";
import { onPaymentRefunded } from "./handlers/on-payment-refunded.ts";
import { onPaymentVoided } from "./handlers/on-payment-voided.ts";
import { notificationRoutes } from "./http/routes.ts";
import { createSinks } from "./sinks/create-sinks.ts";
import { countPending } from "./store/notifications.ts";

/** The map: topic → event → handler. */
export function consumed(notify: Notify): readonly Route[] {
  return [
    on<"orders", Tx>("orders", {
      OrderPlaced: onOrderPlaced(notify),
      OrderConfirmed: onOrderConfirmed(notify),
      OrderCancelled: onOrderCancelled(notify),
    }),
    on<"payments", Tx>("payments", {
      PaymentHeld: onPaymentHeld(notify),
      PaymentVoided: onPaymentVoided(notify),
      PaymentRefunded: onPaymentRefunded(notify),
    }),
    on<"fraud-alerts", Tx>("fraud-alerts", { FraudAlertRaised: onFraudAlertRaised(notify) }),
  ];
}

/** orders, payments and fraud-alerts → one record per event, audience and channel → the channel's sink. */
export function wireNotification(service: EventService, config: Configuration): Wiring {
  const { database, clock, ids } = service;
  const channels = createSinks(config, service).map((sink) => createChannel(sink, service));
  const notify = createNotify({ channels, clock, ids });
  observe("notifications_pending", () =>
    Promise.all(
      channels.map(async ({ name: channel }) => ({
        value: await countPending(database.read, channel),
        labels: { channel },
      })),
    ),
  );
  return {
    consumer: createConsumer(service, { entityOrder: "ignored", routes: consumed(notify) }),
    routes: notificationRoutes(database.read),
    components: channels.map(({ queue }) => queue),
  };
}
