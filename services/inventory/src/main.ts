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
import { wireInventory } from "./wiring.ts";

const service = "inventory";
const config = parseEnvironment(configuration);
const authenticate = createAuthenticate(readApiKeys(config));
const clock = systemClock;
const logger = createLogger({ service, level: config.LOG_LEVEL });

const codec = await createCodec({
  registryUrl: config.SCHEMA_REGISTRY_URL,
  cacheDir: config.SCHEMA_CACHE_DIR,
  topics: ["orders", "stock"],
  logger,
});
const database = createDatabase({
  url: config.DATABASE_URL,
  applicationName: service,
  codec,
  ids: createUuidV7(clock),
  logger,
});
const inventory = wireInventory({
  database,
  kafka: createKafka({ brokers: config.KAFKA_BROKERS, clientId: service, logger }),
  codec,
  clock,
  logger,
  reservationExpiryMs: config.RESERVATION_EXPIRY_MS,
});

const readiness = createReadiness();
readiness.add("database", () => database.check());
readiness.add("kafka", () => {
  if (!inventory.router.health().connected) throw new Error("not a member of its group");
});
const http = createHttpServer({
  service,
  version: manifest.version,
  description: "Stock and reservations: units are set aside for an order, sold or freed",
  host: config.HOST,
  port: config.PORT,
  routes: inventory.routes,
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
    ...inventory.components,
    http,
  ],
});
