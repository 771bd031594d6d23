import {
  type Codec,
  createProducer,
  createRouter,
  deadLetter,
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
  createRetentionSweeper,
  type Database,
  inbox,
  type Tx,
} from "@holdfast/outbox";
import {
  type Clock,
  type Component,
  deadLetterRoutes,
  type Ids,
  type Route,
} from "@holdfast/service-kit";
import { type Logger, observe } from "@holdfast/telemetry";
import { createChannel } from "./delivery.ts";
import { createNotify } from "./handlers/notify.ts";
import { onFraudAlertRaised } from "./handlers/on-fraud-alert-raised.ts";
import { onOrderCancelled } from "./handlers/on-order-cancelled.ts";
import { onOrderConfirmed } from "./handlers/on-order-confirmed.ts";
import { onOrderPlaced } from "./handlers/on-order-placed.ts";
import { onPaymentHeld } from "./handlers/on-payment-held.ts";
import { onPaymentRefunded } from "./handlers/on-payment-refunded.ts";
import { onPaymentVoided } from "./handlers/on-payment-voided.ts";
import { notificationRoutes } from "./http/routes.ts";
import type { Sink } from "./sinks/sink.ts";
import { countPending } from "./store/notifications.ts";

/** The outside world, as notification sees it. */
export interface NotificationOptions {
  readonly database: Database;
  readonly kafka: KafkaClient;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly sinks: readonly Sink[];
}

/** The notification service, ready to start. */
export interface NotificationService {
  readonly routes: readonly Route[];
  readonly router: Router;
  /** In the order of their start. */
  readonly components: readonly Component[];
}

const group = "notification";

/** orders, payments and fraud-alerts → one record per event, audience and channel → the channel's sink. */
export function wireNotification(options: NotificationOptions): NotificationService {
  const { database, kafka, codec, clock, ids, logger, sinks } = options;
  const channels = sinks.map((sink) => createChannel(sink, { database, clock, logger }));
  const notify = createNotify({ channels, clock, ids });
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
      inbox({ database }),
    ],
    routes: [
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
    ],
  });
  observe("notifications_pending", () =>
    Promise.all(
      channels.map(async ({ name: channel }) => ({
        value: await countPending(database.read, channel),
        labels: { channel },
      })),
    ),
  );
  const office = createDeadLetterOffice({
    ...options,
    producer: deadLetters,
    group,
    topics: ["orders", "payments", "fraud-alerts"],
  });
  const retention = createRetentionSweeper({ database, logger });
  const queues = channels.map(({ queue }) => queue);
  return {
    routes: [...notificationRoutes(database.read), ...deadLetterRoutes(office)],
    router,
    components: [retention, deadLetters, ...queues, router],
  };
}
