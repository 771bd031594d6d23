import { createCodec, createKafka, kafkaSecurity } from "@holdfast/messaging";
import { kafkaVariables, parseEnvironment, variable } from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";
import { z } from "zod";
import { verifyReplay } from "./verify-replay.ts";

/** `npm run verify:replay`: exit 1 and the first difference when the topics are not what the log says. */
const config = parseEnvironment(
  z.object({
    ...kafkaVariables,
    SCORER_GROUP: variable.text().default("fraud-scoring"),
    SCORER_TOPIC_PREFIX: variable.text().optional(),
  }),
);
const logger = silentLogger;
const codec = await createCodec({
  registryUrl: config.SCHEMA_REGISTRY_URL,
  cacheDir: config.SCHEMA_CACHE_DIR,
  topics: ["card-activity", "fraud-decisions", "fraud-alerts"],
  logger,
});
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
});
const { differences, ...counts } = found;
process.stdout.write(
  `${JSON.stringify({ ...counts, differences: differences.length, first: differences[0] ?? null })}\n`,
);
process.exit(differences.length === 0 ? 0 : 1);
