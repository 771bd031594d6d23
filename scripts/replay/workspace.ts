import { fileURLToPath } from "node:url";
import { topics } from "@holdfast/contracts";
import {
  createTopicAdmin,
  deadLetterTopics,
  type KafkaClient,
  lateTopics,
  type TopicDefinition,
} from "@holdfast/messaging";
import { migrate, outboxMigrationsDir, outboxMigrationsTable } from "@holdfast/outbox";
import pg from "pg";

/** What a replay has for itself; nothing of it is shared with the live suite. */
export interface Workspace {
  /** In front of every topic's name, and the consumer group's. */
  readonly prefix: string;
  readonly group: string;
  readonly activity: string;
  readonly decisions: string;
  readonly alerts: string;
  readonly databaseUrl: string;
  /** Deletes all of it. The scorer must have ended. */
  remove(): Promise<void>;
}

const migrations = fileURLToPath(
  new URL("../../services/fraud-scoring/migrations", import.meta.url),
);
const names = ["card-activity", "fraud-decisions", "fraud-alerts"] as const;

/** Makes topics and a database named after `id`, which must be new. */
export async function createWorkspace(
  id: string,
  { kafka, postgresAdminUrl }: { kafka: KafkaClient; postgresAdminUrl: string },
): Promise<Workspace> {
  const prefix = `${id}.`;
  const group = `${prefix}fraud-scoring`;
  const database = id.replaceAll("-", "_");
  const admin = createTopicAdmin({ kafka });
  const definitions = topicDefinitions(prefix, group);
  await admin.ensureTopics(definitions);
  await asAdmin(postgresAdminUrl, `CREATE DATABASE ${database}`);
  const databaseUrl = withDatabase(postgresAdminUrl, database);
  await migrate({ url: databaseUrl, dir: outboxMigrationsDir, table: outboxMigrationsTable });
  await migrate({ url: databaseUrl, dir: migrations });
  return {
    prefix,
    group,
    activity: `${prefix}card-activity`,
    decisions: `${prefix}fraud-decisions`,
    alerts: `${prefix}fraud-alerts`,
    databaseUrl,
    remove: async () => {
      await admin.deleteTopics(definitions.map(({ name }) => name));
      await admin.deleteGroups([group]).catch(() => undefined);
      await admin.close();
      await asAdmin(postgresAdminUrl, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    },
  };
}

function topicDefinitions(prefix: string, group: string): TopicDefinition[] {
  const own = names.map((name) => ({
    name: `${prefix}${name}`,
    partitions: topics[name].partitions,
    config: { "message.timestamp.type": topics[name].timestampType },
  }));
  const beside = [
    ...deadLetterTopics(group, ["card-activity"]),
    ...lateTopics(group, ["card-activity"]),
  ];
  return [...own, ...beside.map((topic) => ({ ...topic, name: `${prefix}${topic.name}` }))];
}

function withDatabase(url: string, database: string): string {
  const own = new URL(url);
  own.pathname = `/${database}`;
  return own.toString();
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
