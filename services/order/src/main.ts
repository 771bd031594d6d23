import { readFileSync } from "node:fs";
import { createCodec, createKafka, createProducer } from "@holdfast/messaging";
import { createDatabase, createRetentionSweeper } from "@holdfast/outbox";
import {
  systemClock as clock,
  component,
  createAuthenticate,
  createHttpServer,
  createNudge,
  createReadiness,
  createUuidV7,
  deadLetterRoutes,
  parseEnvironment,
  readApiKeys,
  runService,
} from "@holdfast/service-kit";
import { createLogger, stopTracing } from "@holdfast/telemetry";
import manifest from "../package.json" with { type: "json" };
import { configuration, currenciesOf } from "./config.ts";
import { createStuckOrderSweeper } from "./jobs/stuck-orders.ts";
import { observeSagas } from "./metrics.ts";
import { createPaymentMethods } from "./payment/payment-methods.ts";
import { createStatusAnnouncements } from "./store/status-announcements.ts";
import {
  createConsumer,
  createDeadLetters,
  createGapSweeper,
  createOrderService,
} from "./wiring.ts";

const service = "order";
const config = parseEnvironment(configuration);
const logger = createLogger({ service, level: config.LOG_LEVEL });
const ids = createUuidV7(clock);

const codec = await createCodec({
  registryUrl: config.SCHEMA_REGISTRY_URL,
  cacheDir: config.SCHEMA_CACHE_DIR,
  topics: ["orders", "payments", "stock"],
  logger,
});
const url = config.DATABASE_URL;
const database = createDatabase({ url, applicationName: service, codec, ids, logger });
const kafka = createKafka({ brokers: config.KAFKA_BROKERS, clientId: service, logger });
const producer = createProducer({ kafka, logger });

const nudge = createNudge();
const announcements = createStatusAnnouncements({ url, database, nudge, logger });
const order = createOrderService({
  database,
  clock,
  ids,
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

const consuming = { kafka, codec, producer, database, clock, logger };
const consumer = createConsumer(order.record, consuming);

const readiness = createReadiness();
readiness.add("database", () => database.check());
// Orders are received while Kafka is away; only a start without it is not complete.
let joined = false;
void consumer.joined().then(() => {
  joined = true;
});
readiness.add("kafka", () => {
  if (!joined) throw new Error("not joined yet");
  return consumer.health().connected ? "connected" : "away; answers will be read when it is back";
});

const sagaLimitsMs = {
  pending: 3 * config.STEP_TIMEOUT_MS,
  under_review: 3 * config.HOLD_EXPIRY_MS,
  accepted: 3 * config.STEP_TIMEOUT_MS,
};
observeSagas(database.read, sagaLimitsMs);

await runService({
  service,
  logger,
  readiness,
  components: [
    component("tracing", { stop: stopTracing }),
    component("database", { stop: () => database.close() }),
    createRetentionSweeper({ database, logger }),
    announcements,
    producer,
    createGapSweeper(consuming),
    createStuckOrderSweeper({ query: database.read, limitsMs: sagaLimitsMs, logger }),
    consumer,
    createHttpServer({
      service,
      version: manifest.version,
      description:
        "Takes orders and alone decides whether they are accepted, confirmed or cancelled.",
      host: config.HOST,
      port: config.PORT,
      routes: [...order.routes, ...deadLetterRoutes(createDeadLetters(consuming))],
      authenticate: createAuthenticate(readApiKeys(config)),
      readiness,
      logger,
    }),
  ],
});
