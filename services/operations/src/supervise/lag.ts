import type { TopicAdmin } from "@holdfast/messaging";
import { observe } from "@holdfast/telemetry";
import {
  judge,
  type Lag,
  type LagHistory,
  lagStatuses,
  noLagHistory,
  remember,
} from "../domain/consumer-lag.ts";

export interface LagWatchOptions {
  readonly admin: Pick<TopicAdmin, "lag" | "members">;
  /** The topics that each group reads. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly clock: { now(): number };
  /** How long a group must behave ill to be called so. */
  readonly windowMs: number;
}

/** How one group does on one partition. */
export interface PartitionLag extends Lag {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/** Watches all groups, one look a tick. */
export interface LagWatch {
  /** Looks at every group once. Rejects when Kafka cannot be asked; what was known stays. */
  tick(): Promise<void>;
  /** What the looks so far say; empty before the first, and after a minute without one. */
  read(): PartitionLag[];
}

interface Watched {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly history: LagHistory;
}

interface Topic {
  readonly records: number;
  readonly grewAtMs: number;
}

const staleMs = 60_000;

/**
 * Remembers in memory how offsets move: after a restart the status is ok for one window, and lag in
 * seconds counts from the first look. Exports lag, status, and each topic's volume and freshness.
 */
export function createLagWatch({ admin, groups, clock, windowMs }: LagWatchOptions): LagWatch {
  const watched = new Map<string, Watched>();
  const topics = new Map<string, Topic>();
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  const isFresh = (): boolean => clock.now() - lookedAtMs < staleMs;

  const lookAt = async (group: string, members: number): Promise<void> => {
    const ends = new Map<string, number>();
    const partitions = await admin.lag(group, groups[group] ?? []);
    const atMs = clock.now();
    for (const { topic, partition, committedOffset, endOffset } of partitions) {
      const key = `${group} ${topic} ${partition}`;
      const offsets = { committedOffset: Number(committedOffset), endOffset: Number(endOffset) };
      const known = watched.get(key)?.history ?? noLagHistory;
      const history = remember(known, { atMs, members, ...offsets }, windowMs);
      watched.set(key, { group, topic, partition, history });
      ends.set(topic, (ends.get(topic) ?? 0) + offsets.endOffset);
    }
    for (const [topic, records] of ends) {
      const before = topics.get(topic);
      const grewAtMs = before === undefined || records > before.records ? atMs : before.grewAtMs;
      topics.set(topic, { records, grewAtMs });
    }
  };

  const watch: LagWatch = {
    tick: async () => {
      const members = await admin.members(Object.keys(groups));
      for (const group of Object.keys(groups)) await lookAt(group, members.get(group) ?? 0);
      lookedAtMs = clock.now();
    },
    read: () =>
      isFresh()
        ? [...watched.values()].map(({ history, ...where }) => ({
            ...where,
            ...judge(history, windowMs),
          }))
        : [],
  };
  exportLag(watch);
  exportTopics(() => (isFresh() ? [...topics] : []), clock);
  return watch;
}

function exportLag({ read }: LagWatch): void {
  const labels = ({ group, topic, partition }: PartitionLag) => ({
    group,
    topic,
    partition: String(partition),
  });
  observe("kafka_consumer_lag_records", () =>
    read().map((lag) => ({ value: lag.records, labels: labels(lag) })),
  );
  observe("kafka_consumer_lag_seconds", () =>
    read().map((lag) => ({ value: lag.seconds, labels: labels(lag) })),
  );
  observe("kafka_consumer_group_status", () =>
    read().flatMap((lag) =>
      lagStatuses.map((status) => ({
        value: lag.status === status ? 1 : 0,
        labels: { ...labels(lag), status },
      })),
    ),
  );
}

function exportTopics(
  read: () => readonly (readonly [string, Topic])[],
  clock: { now(): number },
): void {
  observe("topic_records_total", () =>
    read().map(([topic, { records }]) => ({ value: records, labels: { topic } })),
  );
  observe("topic_newest_record_age_seconds", () =>
    read().map(([topic, { grewAtMs }]) => ({
      value: (clock.now() - grewAtMs) / 1000,
      labels: { topic },
    })),
  );
}
