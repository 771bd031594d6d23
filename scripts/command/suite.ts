import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type Codec,
  createCodec,
  createKafka,
  createProducer,
  type KafkaClient,
  type Producer,
} from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { type StackControl, type StackOptions, startStack, testStack } from "@holdfast/testkit";

/** A suite of a command's own, and the means to use it and to look into it. */
export interface Suite {
  readonly control: StackControl;
  readonly postgresAdminUrl: string;
  readonly kafkaBrokers: readonly string[];
  readonly schemaRegistryUrl: string;
  readonly zipkinUrl: string | undefined;
  readonly kafka: KafkaClient;
  readonly codec: Codec;
  readonly producer: Producer;
  readonly logsDir: string;
  readonly cacheDir: string;
  /** Base address of a service. */
  url(service: string): string;
  stop(): Promise<void>;
}

/** Starts every part of the map from empty data, on free ports. */
export async function startSuite(options: Omit<StackOptions, "only">): Promise<Suite> {
  const started = await startStack({ ...options, only: null });
  const stack = testStack(started.runFile);
  const cacheDir = mkdtempSync(join(tmpdir(), "holdfast-suite-"));
  const { kafkaBrokers, schemaRegistryUrl, postgresAdminUrl, control } = stack;
  const logger = silentLogger;
  const kafka = createKafka({ brokers: kafkaBrokers, clientId: "suite", logger });
  const codec = await createCodec({
    registryUrl: schemaRegistryUrl,
    cacheDir,
    topics: ["card-activity", "orders", "fraud-decisions", "fraud-alerts"],
    logger,
  });
  const producer = createProducer({ kafka, logger });
  await producer.start();
  return {
    control,
    postgresAdminUrl,
    kafkaBrokers,
    schemaRegistryUrl,
    zipkinUrl: addressOrNone(() => stack.address("zipkinUrl")),
    kafka,
    codec,
    producer,
    logsDir: dirname(control.log("order")),
    cacheDir,
    url: stack.address,
    stop: async () => {
      await producer.stop();
      rmSync(cacheDir, { recursive: true, force: true });
      await started.stop();
    },
  };
}

function addressOrNone(find: () => string): string | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}
