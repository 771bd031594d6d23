import type { Logger } from "@holdfast/telemetry";
import type { Kafka as Client, LogEntry, SASLOptions } from "kafkajs";
import { Kafka, logLevel } from "./kafkajs.ts";

/** A configured client, from which consumers, producers and admins are made. */
export type KafkaClient = Client;

export interface KafkaOptions {
  /** host:port of at least one broker. */
  readonly brokers: readonly string[];
  /** Shown in the broker's logs and quotas: the service's name. */
  readonly clientId: string;
  readonly logger: Logger;
  readonly ssl?: boolean;
  readonly sasl?: KafkaLogin;
}

/** A principal, and how it proves that it is one. */
export interface KafkaLogin {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  readonly username: string;
  readonly password: string;
}

/** Limits of single requests; recovery from a broker restart is the sum of a few of them. */
export const requestTimeoutMs = 10_000;

/** A client for the brokers. Opens no connection yet; never throws. */
export function createKafka({ brokers, clientId, logger, ssl, sasl }: KafkaOptions): KafkaClient {
  return new Kafka({
    clientId,
    brokers: [...brokers],
    connectionTimeout: 3_000,
    requestTimeout: requestTimeoutMs,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => writeLog(logger, entry),
    ...(ssl !== undefined && { ssl }),
    ...(sasl !== undefined && { sasl: sasl as SASLOptions }),
  });
}

// The client calls a lost connection an error although it recovers by itself: to us a warning.
function writeLog(logger: Logger, { namespace, log }: LogEntry): void {
  const detail = typeof log["error"] === "string" ? `: ${log["error"]}` : "";
  const { broker, groupId } = log as { broker?: string; groupId?: string };
  logger.warn(
    { ...(broker !== undefined && { broker }), ...(groupId !== undefined && { group: groupId }) },
    `Kafka client, ${namespace}: ${log.message}${detail}`,
  );
}
