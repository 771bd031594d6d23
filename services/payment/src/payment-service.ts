import { topics } from "@holdfast/contracts";
import { createWorkQueue, type Database, type WorkQueue } from "@holdfast/outbox";
import type { Clock, Component, Ids } from "@holdfast/service-kit";
import type { Logger } from "@holdfast/telemetry";
import type { ExchangeTable } from "./domain/money.ts";
import type { Policy } from "./domain/policy.ts";
import { createGovernor, type DeclineCap, type Governor } from "./governor.ts";
import { createTimeAdvancer } from "./jobs/advance-time.ts";
import { createFireTimer } from "./jobs/fire-timer.ts";
import { createPayments, type Payments, type StepTask, type TimerTask } from "./payments.ts";
import { createPerformStep } from "./provider/perform-step.ts";
import type { PaymentProvider } from "./provider/provider.ts";
import { createPublishPaymentEvent } from "./publish.ts";

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
