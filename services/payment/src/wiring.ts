import { topics } from "@holdfast/contracts";
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
  type Clock,
  type Component,
  crashGuard,
  createDeadLetterOffice,
  createParkedSweeper,
  createWorkQueue,
  type Database,
  type DeadLetterOffice,
  everyVersion,
  type Ids,
  inbox,
  type Tx,
  type WorkQueue,
} from "@holdfast/outbox";
import type { Logger } from "@holdfast/telemetry";
import type { ExchangeTable } from "./domain/money.ts";
import type { Policy } from "./domain/policy.ts";
import { createGovernor, type DeclineCap, type Governor } from "./governor.ts";
import { onFraudDecided } from "./handlers/on-fraud-decided.ts";
import { onOrderAccepted } from "./handlers/on-order-accepted.ts";
import { onOrderCancelled } from "./handlers/on-order-cancelled.ts";
import { onOrderPlaced } from "./handlers/on-order-placed.ts";
import { createTimeAdvancer } from "./jobs/advance-time.ts";
import { createFireTimer } from "./jobs/fire-timer.ts";
import { createPayments, type Payments, type StepTask, type TimerTask } from "./payments.ts";
import { createPerformStep } from "./provider/perform-step.ts";
import type { PaymentProvider } from "./provider/provider.ts";
import { createPublishPaymentEvent } from "./publish.ts";

/** The consumer group. */
export const group = "payment";

/** The outside of the service, as its decisions see it. */
export interface PaymentServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly provider: PaymentProvider;
  readonly exchange: ExchangeTable;
  readonly policy: Policy;
  readonly cap: DeclineCap;
  readonly providerLimitMs: number;
  readonly timeAdvanceMs: number;
}

/** Payments, and the work that they owe: calls to the provider, timers, the scorer's clock. */
export interface PaymentService {
  readonly payments: Payments;
  readonly governor: Governor;
  readonly steps: WorkQueue<StepTask>;
  readonly timers: WorkQueue<TimerTask>;
  readonly timeAdvancer: Component & { runDue(): Promise<number> };
}

/** Whatever happens to a payment happens through `payments`; it goes to `payments` and `card-activity`. */
export function createPaymentService(options: PaymentServiceOptions): PaymentService {
  const { database, clock, logger } = options;
  const { partitions } = topics["card-activity"];
  const queue = { database, clock, logger };
  const steps = createWorkQueue<StepTask>({
    ...queue,
    name: "payment-steps",
    concurrency: 16,
    perform: (task) => performStep(task),
  });
  const timers = createWorkQueue<TimerTask>({
    ...queue,
    name: "payment-timers",
    perform: (task) => fireTimer(task),
  });
  const publish = createPublishPaymentEvent(options.exchange);
  const payments = createPayments({ ...options, partitions, publish, steps, timers });
  const performStep = createPerformStep({ ...options, payments });
  const fireTimer = createFireTimer({ payments, clock });
  const timeAdvancer = createTimeAdvancer({ ...queue, partitions, idleMs: options.timeAdvanceMs });
  return { payments, governor: createGovernor(options), steps, timers, timeAdvancer };
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

/** The map: topic → handler → `payments`, `card-activity`, and what every delivery goes through. */
export function createConsumer(
  { payments, governor }: Pick<PaymentService, "payments" | "governor">,
  options: ConsumerOptions,
): Router {
  const { kafka, codec, producer, database, clock, logger } = options;
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
      // Decisions come from the scorer's log and carry no versions; the domain takes them in any order.
      inbox({ database, entityOrder: "enforced" }),
    ],
    routes: [
      everyVersion(
        on<"orders", Tx>("orders", {
          OrderPlaced: onOrderPlaced(payments),
          OrderAccepted: onOrderAccepted(payments, clock),
          OrderCancelled: onOrderCancelled(payments),
        }),
      ),
      on<"fraud-decisions", Tx>("fraud-decisions", {
        FraudDecided: onFraudDecided({ payments, governor, clock }),
      }),
    ],
  });
}

/** What this service could not handle, for people to settle. */
export function createDeadLetters(options: ConsumerOptions): DeadLetterOffice {
  return createDeadLetterOffice({
    ...options,
    group,
    topics: ["orders", "fraud-decisions"],
    entityOrder: "enforced",
  });
}

/** Hands orders' events whose predecessor never came to the dead-letter topic. */
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
