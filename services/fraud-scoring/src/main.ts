import { createCodec, createKafka } from "@holdfast/messaging";
import { createDatabase } from "@holdfast/outbox";
import {
  component,
  createAuthenticate,
  createHttpServer,
  createReadiness,
  createUuidV7,
  readApiKeys,
  runService,
  systemClock,
} from "@holdfast/service-kit";
import { createLogger, stopTracing } from "@holdfast/telemetry";
import { readConfig } from "./config.ts";
import { sessionUrl } from "./store/session-url.ts";
import { wireScorer } from "./wiring.ts";

const config = readConfig();
const service = "fraud-scoring";
const logger = createLogger({ service });
const clock = systemClock;
const codec = await createCodec({
  registryUrl: config.SCHEMA_REGISTRY_URL,
  cacheDir: config.SCHEMA_CACHE_DIR,
  topics: ["card-activity", "fraud-decisions", "fraud-alerts"],
  logger,
});
const database = createDatabase({
  url: sessionUrl(config.DATABASE_URL),
  applicationName: service,
  ids: createUuidV7(clock),
  logger,
  maxConnections: 16,
});
const scorer = wireScorer({
  database,
  kafka: createKafka({ brokers: config.KAFKA_BROKERS, clientId: service, logger }),
  codec,
  clock,
  logger,
  group: config.SCORER_GROUP,
  topicPrefix: config.SCORER_TOPIC_PREFIX ?? "",
  cacheBytes: config.SCORER_CACHE_MB * 1024 * 1024,
  commit: { intervalMs: config.SCORER_COMMIT_INTERVAL_MS, records: config.SCORER_COMMIT_RECORDS },
  maxBatchRecords: config.SCORER_MAX_BATCH_RECORDS,
  decisionsKept: config.SCORER_DECISIONS_KEPT,
});

const readiness = createReadiness();
readiness.add("database", () => database.check());
readiness.add("kafka", () => {
  if (!scorer.processor.health().connected) throw new Error("not a member of the group");
});
readiness.add("partitions", () => {
  const taking = scorer.metrics.takingOver();
  if (taking.length > 0) throw new Error(`taking over ${taking.join(", ")}`);
  return `${scorer.metrics.running().size} running`;
});

const http = createHttpServer({
  service,
  version: "0.1.0",
  description: "Scores payments by rules over keyed state.",
  host: config.HOST,
  port: config.PORT,
  routes: scorer.routes,
  authenticate: createAuthenticate(readApiKeys(config)),
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
    ...scorer.components,
    http,
  ],
});
