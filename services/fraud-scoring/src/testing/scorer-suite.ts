import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EventName, type Events, type EventsOn, topics } from "@holdfast/contracts";
import {
  activateRuleset,
  type Codec,
  createCodec,
  createKafka,
  createProducer,
  createTopicAdmin,
  deadLetterTopic,
  deadLetterTopics,
  type KafkaClient,
  lateTopics,
  type Producer,
  readRulePack,
  registerSchemas,
  type TopicAdmin,
} from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import {
  buildEvent,
  createSequentialIds,
  type TestDatabase,
  testStack,
  useTestDatabase,
  waitFor,
} from "@holdfast/testkit";
import { afterAll, beforeAll } from "@jest/globals";
import { type TopicNames, topicNames } from "../loop/outgoing.ts";
import { type Verification, type VerifyOptions, verifyReplay } from "../verify/verify-replay.ts";

const logger = silentLogger;
const service = join(import.meta.dirname, "../..");

/** A scorer in a process of its own. */
export interface ScorerInstance {
  readonly child: ChildProcess;
  readonly url: string;
  /** Resolves when it is ready. */
  ready(): Promise<void>;
  /** Ends it by a signal and resolves when it is gone. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
}

/** The service itself on the real broker and Postgres, with topics and a database of one test file. */
export interface ScorerSuite {
  readonly kafka: KafkaClient;
  readonly codec: Codec;
  readonly producer: Producer;
  readonly admin: TopicAdmin;
  readonly topics: TopicNames & { readonly deadLetters: string };
  readonly database: TestDatabase;
  readonly group: string;
  /** Puts the pack that ships in force. */
  activate(): Promise<void>;
  start(environment?: Record<string, string>): Promise<ScorerInstance>;
  /** Publishes events of card-activity; event ids are the given ones. */
  publish<K extends EventsOn<"card-activity">>(
    type: K,
    events: readonly { readonly id: string; readonly fields: Partial<Events[K]> }[],
  ): Promise<void>;
  /** Resolves when everything on card-activity is scored and committed. */
  settled(limitMs?: number): Promise<void>;
  /** Deletes the records of card-activity before these offsets, as retention does. */
  expire(before: readonly { readonly partition: number; readonly offset: string }[]): Promise<void>;
  /** Compares the topics with a fresh run over the log. */
  verify(options?: Pick<VerifyOptions, "snapshots" | "fromBeginning">): Promise<Verification>;
}

/** Call once at the top of a test file. */
export function useScorerSuite(name: string): ScorerSuite {
  const prefix = `test-${name}-${process.pid}.`;
  const group = `${prefix}fraud-scoring`;
  const instances: ScorerInstance[] = [];
  // Before the database's own clean-up, which wants no connection left.
  afterAll(async () => {
    await Promise.all(instances.map((instance) => instance.end("SIGKILL")));
  }, 60_000);
  const database = useTestDatabase({ migrations: [join(service, "migrations")] });
  const kafka = createKafka({ brokers: testStack().kafkaBrokers, clientId: "test", logger });
  const producer = createProducer({ kafka, logger });
  const admin = createTopicAdmin({ kafka });
  const topics = {
    ...topicNames(prefix, group),
    deadLetters: deadLetterTopic(`${prefix}card-activity`, group),
  };
  const schemas = mkdtempSync(join(tmpdir(), "scorer-suite-"));
  let codec: Codec;

  beforeAll(async () => {
    codec = await registeredCodec(schemas);
    await admin.ensureTopics(definitions(prefix, group));
  }, 60_000);

  afterAll(async () => {
    await producer.stop();
    await admin.deleteTopics(definitions(prefix, group).map((topic) => topic.name));
    await admin.close();
    rmSync(schemas, { recursive: true, force: true });
  }, 60_000);

  const common = { kafka, producer, admin, topics, database, group };
  return {
    ...common,
    get codec() {
      return codec;
    },
    activate: () => activate({ ...common, codec }),
    start: async (environment = {}) => {
      const own = { SCORER_TOPIC_PREFIX: prefix, SCORER_GROUP: group, SCHEMA_CACHE_DIR: schemas };
      const instance = await startInstance({ ...own, DATABASE_URL: database.url, ...environment });
      instances.push(instance);
      return instance;
    },
    publish: async (type, events) => {
      const records = events.map(({ id, fields }) => {
        const event = buildEvent(type, fields);
        return {
          topic: topics.activity,
          key: "cardFingerprint" in event ? event.cardFingerprint : "partition",
          value: codec.encode("card-activity", type as EventName, event as Events[EventName]),
          headers: { id, eventType: type },
        };
      });
      await producer.send(records);
    },
    settled: async (limitMs = 60_000) => {
      const isSettled = async () => {
        const lags = await admin.lag(group, [topics.activity]);
        return lags.every(({ lagRecords }) => lagRecords === 0);
      };
      await waitFor(isSettled, { limitMs, everyMs: 100, what: "everything is scored" });
    },
    expire: (before) => deleteRecords(kafka, topics.activity, before),
    verify: (options = {}) =>
      verifyReplay({ kafka, codec, group, topicPrefix: prefix, logger, ...options }),
  };
}

async function registeredCodec(cacheDir: string): Promise<Codec> {
  const registryUrl = testStack().schemaRegistryUrl;
  await registerSchemas(registryUrl);
  const names = ["card-activity", "fraud-decisions", "fraud-alerts"] as const;
  return createCodec({ registryUrl, cacheDir, topics: names, logger });
}

async function activate(
  suite: Pick<ScorerSuite, "database" | "producer" | "codec" | "topics">,
): Promise<void> {
  await activateRuleset({
    query: (text, values) => suite.database.database.read(text, values),
    producer: suite.producer,
    codec: suite.codec,
    files: await readRulePack(join(service, "../../rules")),
    activatedBy: "test",
    nowMs: 0,
    ids: createSequentialIds(900),
    topic: suite.topics.activity,
  });
}

function definitions(prefix: string, group: string) {
  const own = (["card-activity", "fraud-decisions", "fraud-alerts"] as const).map((topic) => ({
    name: `${prefix}${topic}`,
    partitions: topics[topic].partitions,
    config: {
      "message.timestamp.type": topics[topic].timestampType,
      "max.message.bytes": String(4 * 1024 * 1024),
    },
  }));
  const beside = [
    ...deadLetterTopics(group, ["card-activity"]),
    ...lateTopics(group, ["card-activity"]),
  ];
  return [...own, ...beside.map((topic) => ({ ...topic, name: `${prefix}${topic.name}` }))];
}

async function startInstance(environment: Record<string, string>): Promise<ScorerInstance> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    ["--disable-warning=TimeoutNegativeWarning", "src/main.ts"],
    {
      cwd: service,
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        NODE_OPTIONS: "",
        KAFKA_BROKERS: testStack().kafkaBrokers.join(","),
        SCHEMA_REGISTRY_URL: testStack().schemaRegistryUrl,
        APP_ENV: "demo",
        HOST: "127.0.0.1",
        PORT: String(port),
        LOG_LEVEL: process.env["SCORER_LOG"] ?? "error",
        OTEL_TRACES_EXPORTER: "none",
        ...environment,
      },
    },
  );
  const ended = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  return {
    child,
    url,
    ready: async () => {
      const isReady = async () => (await fetch(`${url}/readyz`)).ok;
      await waitFor(isReady, { limitMs: 60_000, everyMs: 100, what: "the scorer is ready" });
    },
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("No port was given");
  return address.port;
}

async function deleteRecords(
  kafka: KafkaClient,
  topic: string,
  before: readonly { readonly partition: number; readonly offset: string }[],
): Promise<void> {
  const client = kafka.admin();
  await client.connect();
  try {
    // Loads the metadata that the next call relies on.
    await client.fetchTopicOffsets(topic);
    await client.deleteTopicRecords({ topic, partitions: [...before] });
  } finally {
    await client.disconnect();
  }
}
