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
import {
  crashPoints,
  type StackControl,
  startStack,
  type TestStack,
  testStack,
} from "@holdfast/testkit";
import { createNetwork, type Network, type ProxiedPart } from "./network/network.ts";
import { createReceiver, type Receiver } from "./receiver.ts";

/** A suite of its own, and the means to use it, to hurt it and to look into it. */
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
  /** Between the services and what they call. */
  readonly network: Network;
  /** One of the sinks of notifications. */
  readonly receiver: Receiver;
  /** Base address of a service. */
  url(service: string): string;
  stop(): Promise<void>;
}

/** The address of the module that changes a service's source while it is loaded. */
const preloadOf = (plant: string): string =>
  `${import.meta.resolve("@holdfast/testkit/load-plant")}?${plant}`;

/** What to start: a run's name, and the bug that every process of ours is to have, if any. */
export interface SuiteOptions {
  readonly name: string;
  readonly plant?: string;
  /** Variables of docker-compose.yml beside those of the surroundings. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Starts every part of the map from empty data, on free ports. */
export async function startSuite(options: SuiteOptions): Promise<Suite> {
  const { name, plant = crashPoints, variables = {} } = options;
  const network = await createNetwork();
  const receiver = await createReceiver();
  const closeSurroundings = async (): Promise<void> => {
    await Promise.all([network.close(), receiver.close()]);
  };
  const started = await startStack({
    name,
    only: null,
    preload: preloadOf(plant),
    via: network.via,
    variables: { ...receiver.variables, ...variables },
    onPlanned: (stack) => network.leadTo(portsOf(stack)),
  }).catch(async (error: unknown) => {
    await closeSurroundings(); // whatever listens keeps the process alive
    throw error;
  });
  const stack = testStack(started.runFile);
  const cacheDir = mkdtempSync(join(tmpdir(), "holdfast-chaos-"));
  const { kafkaBrokers, schemaRegistryUrl, postgresAdminUrl, control } = stack;
  const logger = silentLogger;
  const kafka = createKafka({ brokers: kafkaBrokers, clientId: "chaos", logger });
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
    network,
    receiver,
    url: stack.address,
    stop: async () => {
      await producer.stop();
      rmSync(cacheDir, { recursive: true, force: true });
      await started.stop();
      await closeSurroundings();
    },
  };
}

function portsOf(stack: TestStack): Record<ProxiedPart, number> {
  const portOf = (url: string) => Number(new URL(url).port);
  return {
    postgres: portOf(stack.postgresAdminUrl),
    registry: portOf(stack.schemaRegistryUrl),
    payment: portOf(stack.address("payment")),
    "payment-provider": portOf(stack.address("payment-provider")),
  };
}

function addressOrNone(find: () => string): string | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}
