import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCodec, createKafka, decodeMessage, kafkaSecurity, tail } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";

/** An alert as it appeared on its topic. */
export interface SeenAlert {
  readonly ruleId: string;
  readonly orderId: string | null;
  readonly customerId: string;
  readonly action: string;
  /** When this process received it, ms since the epoch. */
  readonly receivedAtMs: number;
}

/** Watches fraud-alerts from now on. */
export interface AlertTail {
  readonly alerts: readonly SeenAlert[];
  stop(): Promise<void>;
}

/** Where the log and its schemas are. */
export interface LogAddresses {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
}

/** Starts to watch; resolves when nothing new is missed any more. Throws when Kafka does not answer. */
export async function watchAlerts({ brokers, registryUrl }: LogAddresses): Promise<AlertTail> {
  const logger = silentLogger;
  const codec = await createCodec({
    registryUrl,
    cacheDir: join(tmpdir(), "holdfast-traffic-schemas"),
    topics: ["fraud-alerts"],
    logger,
  });
  const kafka = createKafka({
    brokers,
    clientId: "traffic",
    logger,
    ...kafkaSecurity(process.env),
  });
  const stopping = new AbortController();
  const ready = Promise.withResolvers<void>();
  const alerts: SeenAlert[] = [];
  const reading = (async () => {
    const records = tail({
      kafka,
      topics: ["fraud-alerts"],
      from: "now",
      signal: stopping.signal,
      onReady: ready.resolve,
      logger,
    });
    for await (const record of records) {
      const receivedAtMs = Date.now();
      const { type, event } = await decodeMessage(codec, record);
      if (type !== "FraudAlertRaised") continue;
      const { ruleId, orderId, customerId, action } = event;
      alerts.push({ ruleId, orderId, customerId, action, receivedAtMs });
    }
  })();
  await Promise.race([ready.promise, reading]);
  return {
    alerts,
    stop: async () => {
      stopping.abort();
      await reading;
    },
  };
}
