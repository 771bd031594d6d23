import { join } from "node:path";
import { createCodec, createKafka, kafkaSecurity } from "@holdfast/messaging";
import { kafkaVariables, parseEnvironment, variable } from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";
import { z } from "zod";
import { openSnapshots } from "./snapshots.ts";
import { verifyReplay } from "./verify-replay.ts";

/** `npm run verify:replay`: exit 1 and the first difference when the topics are not what the log says. */
const config = parseEnvironment(
  z.object({
    ...kafkaVariables,
    SCORER_GROUP: variable.text().default("fraud-scoring"),
    SCORER_TOPIC_PREFIX: variable.text().optional(),
    /** A folder for verified states: the next verification goes on from there. */
    VERIFY_SNAPSHOTS: variable.text().optional(),
    VERIFY_FROM_BEGINNING: variable.text().optional(),
  }),
);
const logger = silentLogger;
const codec = await createCodec({
  registryUrl: config.SCHEMA_REGISTRY_URL,
  cacheDir: config.SCHEMA_CACHE_DIR,
  topics: ["card-activity", "fraud-decisions", "fraud-alerts"],
  logger,
});
const folder = config.VERIFY_SNAPSHOTS;
const found = await verifyReplay({
  kafka: createKafka({
    brokers: config.KAFKA_BROKERS,
    clientId: "verify-replay",
    logger,
    ...kafkaSecurity(config),
  }),
  codec,
  group: config.SCORER_GROUP,
  topicPrefix: config.SCORER_TOPIC_PREFIX ?? "",
  logger,
  ...(folder !== undefined && { snapshots: openSnapshots(join(folder, config.SCORER_GROUP)) }),
  fromBeginning: config.VERIFY_FROM_BEGINNING !== undefined,
});
const { differences, ...counts } = found;
process.stdout.write(
  `${JSON.stringify({ ...counts, differences: differences.length, first: differences[0] ?? null })}\n`,
);
process.exit(differences.length === 0 ? 0 : 1);
