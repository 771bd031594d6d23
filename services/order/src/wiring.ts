import {
  type Codec,
  createRouter,
  deadLetter,
  deadLetterRecord,
  decode,
  type KafkaClient,
  metrics,
  on,
  type Producer,
  type Router,
  retry,
  timeout,
  trace,
} from "@holdfast/messaging";
import {
  crashGuard,
  createDeadLetterOffice,
  createParkedSweeper,
  type Database,
  type DeadLetterOffice,
  everyVersion,
  inbox,
  type Tx,
} from "@holdfast/outbox";
import type { Clock, Component, Ids, Nudge, Route } from "@holdfast/service-kit";
import type { Logger } from "@holdfast/telemetry";
import { createCarryOut } from "./handlers/carry-out.ts";
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
import { createRecordAnswer, type RecordAnswer } from "./handlers/record-answer.ts";
import { createPlaceOrder } from "./http/place-order.ts";
import { createRoutes } from "./http/routes.ts";
import type { PaymentMethods } from "./payment/payment-methods.ts";

/** The consumer group. */
export const group = "order";

/** The outside of the service, as its decisions see it. */
export interface OrderServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly paymentMethods: PaymentMethods;
  /** ISO 4217 codes that payment can convert. */
  readonly currencies: ReadonlySet<string>;
  /** Wakes status streams of this instance. */
  readonly nudge: Nudge;
  /** Wakes those of every instance; called after commits. */
  readonly announce: (orderId: string) => void;
  /** The longest time in which a status stream looks for news on its own. */
  readonly streamLookMs: number;
}

/** The service's two sides: what it answers by HTTP, and what it does with others' answers. */
export interface OrderService {
  readonly routes: Route[];
  readonly record: RecordAnswer;
}

/** Both sides decide by the same CarryOut; what they decide goes to the topic `orders`. */
export function createOrderService(options: OrderServiceOptions): OrderService {
  const carryOut = createCarryOut(options);
  const placeOrder = createPlaceOrder(options);
  return {
    routes: createRoutes({ ...options, placeOrder, carryOut }),
    record: createRecordAnswer(carryOut),
  };
}

/** What the consumer runs on. */
export interface ConsumerOptions {
  readonly kafka: KafkaClient;
  readonly codec: Codec;
  /** For dead letters alone. */
  readonly producer: Producer;
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The map: topic → handler → `orders`, and what every delivery goes through. */
export function createConsumer(record: RecordAnswer, options: ConsumerOptions): Router {
  const { kafka, codec, producer, database, logger } = options;
  return createRouter({
    kafka,
    group,
    logger,
    middleware: [
      trace(),
      metrics(),
      deadLetter({ producer }),
      crashGuard({ database }),
      retry(),
      timeout(30_000),
      decode(codec),
      inbox({ database, entityOrder: "enforced" }),
    ],
    routes: [
      everyVersion(
        on<"stock", Tx>("stock", {
          StockReserved: onStockReserved(record),
          StockRejected: onStockRejected(record),
          StockReleased: onStockReleased(record),
        }),
      ),
      everyVersion(
        on<"payments", Tx>("payments", {
          PaymentAuthorized: onPaymentAuthorized(record),
          PaymentHeld: onPaymentHeld(record),
          PaymentReleased: onPaymentReleased(record),
          PaymentDeclined: onPaymentDeclined(record),
          PaymentVoided: onPaymentVoided(record),
          PaymentCaptured: onPaymentCaptured(record),
          PaymentCaptureFailed: onPaymentCaptureFailed(record),
        }),
      ),
    ],
  });
}

/** What this service could not handle, for people to settle. */
export function createDeadLetters(options: ConsumerOptions): DeadLetterOffice {
  return createDeadLetterOffice({
    ...options,
    group,
    topics: ["payments", "stock"],
    entityOrder: "enforced",
  });
}

/** Hands answers whose predecessor never came to the dead-letter topic. */
export function createGapSweeper(options: ConsumerOptions): Component {
  const { database, producer, clock, logger } = options;
  return createParkedSweeper({
    database,
    group,
    logger,
    deadLetter: async (record, error) => {
      const failure = { group, error, attempts: 1, firstFailedAtMs: clock.now() };
      await producer.send([deadLetterRecord(record, failure)]);
    },
  });
}
