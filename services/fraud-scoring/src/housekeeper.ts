import { delay } from "@holdfast/messaging";
import type { Database } from "@holdfast/outbox";
import { type Component, component } from "@holdfast/service-kit";
import type { Logger } from "@holdfast/telemetry";
import { forgetCards, pruneDecisions } from "./store/housekeeping.ts";

/** What is kept clean. */
export interface HousekeeperOptions {
  readonly database: Database;
  /** The partitions that this process owns now. */
  readonly partitions: () => Iterable<number>;
  readonly decisionsKept: number;
  readonly intervalMs: number;
  readonly logger: Logger;
}

/** Most statements per partition and turn: a large backlog is worked off in many turns. */
const maxStatements = 20;

/**
 * Deletes what event time has left behind, off the hot path. Deletion never shows in an output:
 * an expired card counts as new whether its row is still there or not.
 */
export function createHousekeeper(options: HousekeeperOptions): Component {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const keepClean = async () => {
    while (!stopping.signal.aborted) {
      await delay(options.intervalMs, stopping.signal);
      for (const partition of options.partitions())
        await clean(partition, options, stopping.signal);
    }
  };
  return component("housekeeper", {
    start: async () => {
      running ??= keepClean();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  });
}

async function clean(
  partition: number,
  { database, decisionsKept, logger }: HousekeeperOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let count = 0; count < maxStatements && !signal.aborted; count += 1) {
      const moreCards = await forgetCards(database, partition);
      const moreDecisions = await pruneDecisions(database, partition, decisionsKept);
      if (!moreCards && !moreDecisions) return;
    }
  } catch (error) {
    logger.warn({ err: error, partition }, "Housekeeping failed; it is tried again.");
  }
}
