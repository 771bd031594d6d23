import {
  type Component,
  createWorkQueue,
  type Database,
  type Tx,
  type WorkQueueOptions,
} from "@holdfast/outbox";
import { idlePartitions } from "../store/card-activity.ts";

/** What advancing time needs. */
export interface AdvanceTimeOptions extends Pick<WorkQueueOptions<object>, "clock" | "logger"> {
  readonly database: Database;
  /** Partitions of card-activity. */
  readonly partitions: number;
  /** How long a partition must be without a payment. */
  readonly idleMs: number;
}

const taskKey = "card-activity";

/**
 * Lets event time go on in the partitions of card-activity in which no payment is requested: every
 * `idleMs`, whichever process comes first publishes one TimeAdvanced for each partition that has been
 * idle for that long. It says `idleMs` ago, not now: a request that is about to commit bears the time at
 * which its transaction began, and no transaction lives that long, so none can come out late.
 */
export function createTimeAdvancer(
  options: AdvanceTimeOptions,
): Component & { runDue(): Promise<number> } {
  const { database, clock, logger, idleMs } = options;
  const queue = createWorkQueue<object>({
    database,
    name: "time-advance",
    clock,
    logger,
    concurrency: 1,
    pollMs: Math.min(idleMs, 5_000),
    perform: async () => async (tx) => {
      await publishTimeAdvanced(tx, options);
      const dueAt = clock.now() + idleMs;
      await queue.schedule(tx, { key: taskKey, payload: {}, dueAt, newTrace: true });
    },
  });
  return {
    name: queue.name,
    start: async () => {
      await database.transact((tx) =>
        queue.schedule(tx, { key: taskKey, payload: {}, newTrace: true }),
      );
      await queue.start();
    },
    stop: () => queue.stop(),
    runDue: () => queue.runDue(),
  };
}

async function publishTimeAdvanced(tx: Tx, options: AdvanceTimeOptions): Promise<void> {
  const { clock, partitions, idleMs } = options;
  const occurredAt = clock.now() - idleMs;
  for (const partition of await idlePartitions(tx.query, { partitions, sinceMs: occurredAt })) {
    const key = `partition-${partition}`;
    await tx.publish(
      "card-activity",
      "TimeAdvanced",
      { partition, occurredAt },
      { key, entityId: key, partition },
    );
  }
}
