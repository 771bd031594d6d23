import type { TopicName } from "@holdfast/contracts";
import {
  type Codec,
  createCodec,
  createKafka,
  createProducer,
  type KafkaClient,
  kafkaSecurity,
  type Producer,
} from "@holdfast/messaging";
import { createDatabase, type Database } from "@holdfast/outbox";
import {
  type Authenticate,
  type Clock,
  createAuthenticate,
  createReadiness,
  createUuidV7,
  httpVariables,
  type Ids,
  kafkaVariables,
  type Readiness,
  readApiKeys,
  systemClock,
  variable,
} from "@holdfast/service-kit";
import { createLogger, type Logger } from "@holdfast/telemetry";
import type { z } from "zod";

/** The environment that every event service has; its own variables come beside them. */
export const eventServiceVariables = {
  ...httpVariables,
  ...kafkaVariables,
  DATABASE_URL: variable.url(),
};

/** What the environment says, parsed. */
export type EventServiceConfig = z.output<z.ZodObject<typeof eventServiceVariables>>;

/** What tells one event service from another. */
export interface EventServiceOptions {
  /** Also the consumer group, the client id and the name in logs and in Postgres. */
  readonly name: string;
  readonly version: string;
  /** What the service does, for the head of its API's description. */
  readonly description: string;
  readonly config: EventServiceConfig;
  /** Every topic whose events are read or written. */
  readonly topics: readonly TopicName[];
  /** Whether events are published through the database's outbox; its lag is measured then. */
  readonly outbox: boolean;
  /** Connections to Postgres; default 10. */
  readonly maxConnections?: number;
  /** How what is written past the outbox is packed; default not at all. */
  readonly compression?: "zstd";
}

/** A process between the log and a database, opened and not running yet. */
export interface EventService {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly config: EventServiceConfig;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly codec: Codec;
  readonly database: Database;
  readonly kafka: KafkaClient;
  /** Writes past the outbox: dead letters, and what the scorer makes. */
  readonly producer: Producer;
  readonly readiness: Readiness;
  readonly authenticate: Authenticate;
}

/**
 * Makes what a service runs on. Nothing is connected yet but the registry, which may be down when the
 * ids of its schemas are in SCHEMA_CACHE_DIR. Throws when API_KEYS is unusable or a schema unknown.
 */
export async function openEventService(options: EventServiceOptions): Promise<EventService> {
  const { name, version, description, config, topics, outbox, maxConnections, compression } =
    options;
  const authenticate = createAuthenticate(readApiKeys(config));
  const clock = systemClock;
  const ids = createUuidV7(clock);
  const logger = createLogger({ service: name, level: config.LOG_LEVEL });
  const codec = await createCodec({
    registryUrl: config.SCHEMA_REGISTRY_URL,
    cacheDir: config.SCHEMA_CACHE_DIR,
    topics,
    logger,
  });
  const database = createDatabase({
    url: config.DATABASE_URL,
    applicationName: name,
    ids,
    logger,
    ...(outbox && { codec }),
    ...(maxConnections !== undefined && { maxConnections }),
  });
  const brokers = config.KAFKA_BROKERS;
  const kafka = createKafka({ brokers, clientId: name, logger, ...kafkaSecurity(config) });
  const producer = createProducer({ kafka, logger, ...(compression && { compression }) });
  const readiness = createReadiness();
  const opened = { clock, ids, logger, codec, database, kafka, producer, readiness, authenticate };
  return { name, version, description, config, ...opened };
}
