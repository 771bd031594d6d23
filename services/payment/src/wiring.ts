import { readFileSync } from "node:fs";
import { createConsumer, type EventService, type Wiring } from "@holdfast/event-service";
import { on, type Route } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { type Clock, component } from "@holdfast/service-kit";
import { type Configuration, exchangeTableOf } from "./config.ts";
import type { DeclineCap } from "./governor.ts";
import { onFraudDecided } from "./handlers/on-fraud-decided.ts";
import { onOrderAccepted } from "./handlers/on-order-accepted.ts";
import { onOrderCancelled } from "./handlers/on-order-cancelled.ts";
import { onOrderPlaced } from "./handlers/on-order-placed.ts";
import { paymentRoutes } from "./http/routes.ts";
import { seedDemoPaymentMethods } from "./jobs/seed-demo.ts";
import { observePayments } from "./metrics.ts";
import { createPaymentService, type PaymentService } from "./payment-service.ts";
import { createHttpProvider } from "./provider/provider.ts";
import { createCardVault } from "./vault/card-vault.ts";

/** The map: topic → event → handler. */
export function consumed({ payments, governor, clock }: ConsumedBy): readonly Route[] {
  return [
    on<"orders", Tx>("orders", {
      OrderPlaced: onOrderPlaced(payments),
      OrderAccepted: onOrderAccepted(payments, clock),
      OrderCancelled: onOrderCancelled(payments),
    }),
    on<"fraud-decisions", Tx>("fraud-decisions", {
      FraudDecided: onFraudDecided({ payments, governor, clock }),
    }),
  ];
}

/** What payment's handlers work with. */
type ConsumedBy = Pick<PaymentService, "payments" | "governor"> & { readonly clock: Clock };

/** orders, fraud-decisions → what becomes of the money → payments, card-activity, via the outbox. */
export function wirePayment(service: EventService, config: Configuration): Wiring {
  const { database, clock, ids } = service;
  const vault = createCardVault({
    vault: config.CARD_VAULT_KEY,
    fingerprint: config.CARD_FINGERPRINT_KEY,
  });
  const cap = { declines: config.RULE_DECLINE_CAP, periodMs: config.RULE_DECLINE_PERIOD_MS };
  const { payments, governor, steps, timers, timeAdvancer } = openPayments(service, config, cap);
  const demoPaymentMethods = component("demo payment methods", {
    start: async () => {
      if (config.APP_ENV === "demo") await seedDemoPaymentMethods({ database, vault, clock });
    },
  });
  observePayments(database.read);
  return {
    consumer: createConsumer(service, {
      // Decisions come from the scorer's log and carry no versions; the domain takes them in any order.
      entityOrder: "enforced",
      routes: consumed({ payments, governor, clock }),
    }),
    routes: paymentRoutes({ database, payments, vault, ids, clock, cap }),
    components: [demoPaymentMethods, steps, timers, timeAdvancer],
  };
}

function openPayments(
  service: EventService,
  config: Configuration,
  cap: DeclineCap,
): PaymentService {
  return createPaymentService({
    ...service,
    provider: createHttpProvider({
      url: config.PAYMENT_PROVIDER_URL,
      timeoutMs: config.PROVIDER_TIMEOUT_MS,
    }),
    exchange: exchangeTableOf(readFileSync(config.CURRENCIES_FILE, "utf8")),
    policy: {
      decisionTimeoutMs: config.DECISION_TIMEOUT_MS,
      decisionLimitMs: config.DECISION_LIMIT_MS,
      fallbackMaxMinor: config.FALLBACK_MAX_MINOR,
      holdExpiryMs: config.HOLD_EXPIRY_MS,
    },
    cap,
    providerLimitMs: config.PROVIDER_LIMIT_MS,
    timeAdvanceMs: config.TIME_ADVANCE_MS,
  });
}
