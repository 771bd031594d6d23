import { readFileSync } from "node:fs";
import { createCodec, createKafka, createProducer } from "@holdfast/messaging";
import { createDatabase, createRetentionSweeper } from "@holdfast/outbox";
import {
  systemClock as clock,
  component,
  createAuthenticate,
  createHttpServer,
  createReadiness,
  createUuidV7,
  deadLetterRoutes,
  parseEnvironment,
  readApiKeys,
  runService,
} from "@holdfast/service-kit";
import { createLogger, stopTracing } from "@holdfast/telemetry";
import manifest from "../package.json" with { type: "json" };
import { configuration, exchangeTableOf } from "./config.ts";
import { paymentRoutes } from "./http/routes.ts";
import { seedDemoPaymentMethods } from "./jobs/seed-demo.ts";
import { observePayments } from "./metrics.ts";
import { createHttpProvider } from "./provider/provider.ts";
import { createCardVault } from "./vault/card-vault.ts";
import {
  createConsumer,
  createDeadLetters,
  createGapSweeper,
  createPaymentService,
} from "./wiring.ts";

const service = "payment";
const config = parseEnvironment(configuration);
const logger = createLogger({ service, level: config.LOG_LEVEL });
const ids = createUuidV7(clock);

const codec = await createCodec({
  registryUrl: config.SCHEMA_REGISTRY_URL,
  cacheDir: config.SCHEMA_CACHE_DIR,
  topics: ["orders", "payments", "card-activity", "fraud-decisions"],
  logger,
});
const url = config.DATABASE_URL;
const database = createDatabase({
  url,
  applicationName: service,
  codec,
  ids,
  logger,
  maxConnections: 20,
});
const kafka = createKafka({ brokers: config.KAFKA_BROKERS, clientId: service, logger });
const producer = createProducer({ kafka, logger });
const vault = createCardVault({
  vault: config.CARD_VAULT_KEY,
  fingerprint: config.CARD_FINGERPRINT_KEY,
});

const cap = { declines: config.RULE_DECLINE_CAP, periodMs: config.RULE_DECLINE_PERIOD_MS };
const payment = createPaymentService({
  database,
  clock,
  ids,
  logger,
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
const { payments } = payment;
const consuming = { kafka, codec, producer, database, clock, logger };
const consumer = createConsumer(payment, consuming);

const readiness = createReadiness();
readiness.add("database", () => database.check());
// Payments go on while Kafka is away; only a start without it is not complete.
let joined = false;
void consumer.joined().then(() => {
  joined = true;
});
readiness.add("kafka", () => {
  if (!joined) throw new Error("not joined yet");
  return consumer.health().connected ? "connected" : "away; orders will be read when it is back";
});

observePayments(database.read);

await runService({
  service,
  logger,
  readiness,
  components: [
    component("tracing", { stop: stopTracing }),
    component("database", { stop: () => database.close() }),
    component("demo payment methods", {
      start: async () => {
        if (config.APP_ENV === "demo") await seedDemoPaymentMethods({ database, vault, clock });
      },
    }),
    createRetentionSweeper({ database, logger }),
    payment.steps,
    payment.timers,
    payment.timeAdvancer,
    producer,
    createGapSweeper(consuming),
    consumer,
    createHttpServer({
      service,
      version: manifest.version,
      description: "Keeps cards, and holds money until a verdict says whether it may move.",
      host: config.HOST,
      port: config.PORT,
      routes: [
        ...paymentRoutes({ database, payments, vault, ids, clock, cap }),
        ...deadLetterRoutes(createDeadLetters(consuming)),
      ],
      authenticate: createAuthenticate(readApiKeys(config)),
      readiness,
      logger,
    }),
  ],
});
