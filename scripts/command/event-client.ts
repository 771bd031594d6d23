/** A command's way to the topics: a client and a codec that knows the registered schemas. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TopicName } from "@holdfast/contracts";
import {
  type Codec,
  createCodec,
  createKafka,
  type KafkaClient,
  kafkaSecurity,
} from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import type { SuiteAddresses } from "./addresses.ts";

/** Reads and writes events of a running suite. */
export interface EventClient {
  readonly kafka: KafkaClient;
  readonly codec: Codec;
}

/** Looks up the schemas of `topics`; throws when the registry is down or does not know them. */
export async function connectEvents(
  addresses: Pick<SuiteAddresses, "kafkaBrokers" | "schemaRegistryUrl">,
  topics: readonly TopicName[],
): Promise<EventClient> {
  const logger = silentLogger;
  const kafka = createKafka({
    brokers: addresses.kafkaBrokers,
    clientId: "holdfast",
    logger,
    ...kafkaSecurity(process.env),
  });
  const codec = await createCodec({
    registryUrl: addresses.schemaRegistryUrl,
    cacheDir: join(tmpdir(), "holdfast-schemas"),
    topics,
    logger,
  });
  return { kafka, codec };
}
