import { createCodec, createKafka } from "@holdfast/messaging";
import { createDatabase } from "@holdfast/outbox";
import {
  component,
  createAuthenticate,
  createHttpServer,
  createReadiness,
  createUuidV7,
  parseEnvironment,
  readApiKeys,
  runService,
  systemClock,
} from "@holdfast/service-kit";
import { createLogger, stopTracing } from "@holdfast/telemetry";
import manifest from "../package.json" with { type: "json" };
import { configuration } from "./config.ts";
import { createSinks } from "./sinks/create-sinks.ts";
import { wireNotification } from "./wiring.ts";

const service = "notification";
const config = parseEnvironment(configuration);
const authenticate = createAuthenticate(readApiKeys(config));
const clock = systemClock;
const ids = createUuidV7(clock);
const logger = createLogger({ service, level: config.LOG_LEVEL });

const codec = await createCodec({
  registryUrl: config.SCHEMA_REGISTRY_URL,
  cacheDir: config.SCHEMA_CACHE_DIR,
  topics: ["orders", "payments", "fraud-alerts"],
  logger,
});
const database = createDatabase({
  url: config.DATABASE_URL,
  applicationName: service,
  ids,
  logger,
});
const notification = wireNotification({
  database,
  kafka: createKafka({ brokers: config.KAFKA_BROKERS, clientId: service, logger }),
  codec,
  clock,
  ids,
  logger,
  sinks: createSinks(config, { logger, clock }),
});

const readiness = createReadiness();
readiness.add("database", () => database.check());
readiness.add("kafka", () => {
  if (!notification.router.health().connected) throw new Error("not a member of its group");
});
const http = createHttpServer({
  service,
  version: manifest.version,
  description: "Tells customers and analysts what happened, once per event, audience and channel",
  host: config.HOST,
  port: config.PORT,
  routes: notification.routes,
  authenticate,
  readiness,
  logger,
});
await runService({
  service,
  logger,
  readiness,
  components: [
    component("tracing", { stop: stopTracing }),
    component("database", { stop: () => database.close() }),
    ...notification.components,
    http,
  ],
});
