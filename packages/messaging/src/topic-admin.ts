import { topics } from "@holdfast/contracts";
import type { Admin } from "kafkajs";
import { type AccessRule, grant } from "./access.ts";
import { deadLetterTopic } from "./dead-letter.ts";
import type { KafkaClient } from "./kafka.ts";

export interface TopicDefinition {
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/** How far a group is behind on one partition. */
export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** The next offset that the group will read; the start of the log when it never committed, or was reset. */
  readonly committedOffset: string;
  readonly endOffset: string;
  readonly lagRecords: number;
}

/** The first offset that is still on the log, and the next that will be written. */
export interface OffsetRange {
  readonly start: string;
  readonly end: string;
}

export interface TopicAdmin {
  /**
   * Creates the topics that are missing and returns their names. Existing ones keep their settings;
   * throws when one has another number of partitions, because keys would move. Idempotent.
   */
  ensureTopics(definitions: readonly TopicDefinition[]): Promise<string[]>;
  /** The log of each partition, by partition. Throws when the topic does not exist. */
  offsets(topic: string): Promise<Map<number, OffsetRange>>;
  lag(group: string, topics: readonly string[]): Promise<PartitionLag[]>;
  /** How many members each group has; 0 for one that is unknown. */
  members(groups: readonly string[]): Promise<Map<string, number>>;
  topicNames(): Promise<string[]>;
  /** Gives principals these rights, beside those that they have. Idempotent. */
  grant(rules: readonly AccessRule[]): Promise<void>;
  deleteTopics(names: readonly string[]): Promise<void>;
  /** The groups must have no members. */
  deleteGroups(groups: readonly string[]): Promise<void>;
  /** Disconnects. Idempotent. */
  close(): Promise<void>;
}

/** An admin that connects on first use. */
export function createTopicAdmin({ kafka }: { kafka: KafkaClient }): TopicAdmin {
  const admin = kafka.admin();
  let connecting: Promise<void> | undefined;
  const connected = async (): Promise<Admin> => {
    connecting ??= admin.connect();
    await connecting.catch((error: unknown) => {
      connecting = undefined;
      throw error;
    });
    return admin;
  };
  return {
    ensureTopics: async (definitions) => ensureTopics(await connected(), definitions),
    offsets: async (topic) => offsets(await connected(), topic),
    lag: async (group, names) => lag(await connected(), group, names),
    members: async (groups) => {
      const described = await (await connected()).describeGroups([...groups]);
      return new Map(described.groups.map(({ groupId, members }) => [groupId, members.length]));
    },
    grant: async (rules) => grant(await connected(), rules),
    topicNames: async () => (await connected()).listTopics(),
    deleteTopics: async (names) => (await connected()).deleteTopics({ topics: [...names] }),
    deleteGroups: async (groups) => {
      await (await connected()).deleteGroups([...groups]);
    },
    close: async () => {
      if (connecting === undefined) return;
      connecting = undefined;
      await admin.disconnect();
    },
  };
}

async function ensureTopics(
  admin: Admin,
  definitions: readonly TopicDefinition[],
): Promise<string[]> {
  const existing = new Set(await admin.listTopics());
  const missing = definitions.filter(({ name }) => !existing.has(name));
  if (missing.length > 0) {
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ name, partitions, config }) => ({
        topic: name,
        numPartitions: partitions,
        // The broker's default: one in the demo, three in a cluster.
        replicationFactor: -1,
        configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      })),
    });
  }
  await checkPartitions(admin, definitions);
  return missing.map(({ name }) => name);
}

async function checkPartitions(
  admin: Admin,
  definitions: readonly TopicDefinition[],
): Promise<void> {
  const found = await admin.fetchTopicMetadata({ topics: definitions.map(({ name }) => name) });
  const counts = new Map(found.topics.map(({ name, partitions }) => [name, partitions.length]));
  const wrong = definitions.filter(({ name, partitions }) => counts.get(name) !== partitions);
  if (wrong.length === 0) return;
  const list = wrong.map(({ name, partitions }) => `${name} ${counts.get(name)} not ${partitions}`);
  throw new Error(`Topics with another number of partitions than declared: ${list.join(", ")}`);
}

async function offsets(admin: Admin, topic: string): Promise<Map<number, OffsetRange>> {
  const ranges = await admin.fetchTopicOffsets(topic);
  return new Map(ranges.map(({ partition, low, high }) => [partition, { start: low, end: high }]));
}

async function lag(admin: Admin, group: string, names: readonly string[]): Promise<PartitionLag[]> {
  const committed = await admin.fetchOffsets({ groupId: group, topics: [...names] });
  const lags = committed.map(async ({ topic, partitions }) => {
    const ends = await admin.fetchTopicOffsets(topic);
    return ends.map(({ partition, high, low }) => {
      const offset = partitions.find((entry) => entry.partition === partition)?.offset ?? "-1";
      const committedOffset = isNowhere(offset) ? low : offset;
      const lagRecords = Number(BigInt(high) - BigInt(committedOffset));
      return { topic, partition, committedOffset, endOffset: high, lagRecords };
    });
  });
  return (await Promise.all(lags)).flat();
}

/** -1 where nothing was committed; -2 where somebody has reset the group to the earliest record. */
const isNowhere = (offset: string): boolean => offset.startsWith("-");

/** The catalogue's topics with their settings. */
export function catalogueTopics(): TopicDefinition[] {
  return Object.values(topics).map(({ name, partitions, retentionMs, timestampType }) => ({
    name,
    partitions,
    config: {
      "retention.ms": String(retentionMs),
      "message.timestamp.type": timestampType,
    },
  }));
}

/** Larger than any record that a topic with default settings takes, with its added headers. */
const deadLetterMaxBytes = 4 * 1024 * 1024;
const deadLetterRetentionMs = 30 * 24 * 60 * 60 * 1000;

/** The dead-letter topic of `group` on each of `names`, with as many partitions as the original. */
export function deadLetterTopics(
  group: string,
  names: readonly (keyof typeof topics)[],
): TopicDefinition[] {
  return names.map((name) => ({
    name: deadLetterTopic(name, group),
    partitions: topics[name].partitions,
    config: {
      "retention.ms": String(deadLetterRetentionMs),
      "max.message.bytes": String(deadLetterMaxBytes),
    },
  }));
}
