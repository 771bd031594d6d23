import {
  createRouter,
  deadLetter,
  deadLetterRecord,
  decode,
  metrics,
  type PartitionProcessor,
  type Route,
  retry,
  timeout,
  trace,
} from "@holdfast/messaging";
import {
  crashGuard,
  createDeadLetterOffice,
  createParkedSweeper,
  createRetentionSweeper,
  type DeadLetterOffice,
  everyVersion,
  inbox,
} from "@holdfast/outbox";
import type { Component } from "@holdfast/service-kit";
import type { EventService } from "./open.ts";

/** What reads the log, and what belongs to it. */
export interface Consumer {
  readonly processor: PartitionProcessor;
  /** What could not be handled, for people to settle. */
  readonly deadLetters: DeadLetterOffice;
  /** Keep the consumer's own tables small; they start before it. */
  readonly sweepers: readonly Component[];
}

/** What is consumed, and how strictly. */
export interface ConsumerOptions {
  /** topic → handlers. */
  readonly routes: readonly Route[];
  /**
   * "enforced": events of one entity take effect in the order of their versions; whatever waits too
   * long for its predecessor becomes a dead letter. "ignored": each takes effect once, as it comes.
   */
  readonly entityOrder: "enforced" | "ignored";
}

/**
 * A request to the broker costs as much as a statement. Records that come within 10 ms of each other are
 * fetched together, and offsets go out twice a second: what a crash repeats, the inbox knows.
 */
const limits = { fetchIntervalMs: 10, commitIntervalMs: 500 };

type Ground = Pick<
  EventService,
  "name" | "clock" | "logger" | "codec" | "database" | "kafka" | "producer"
>;

/**
 * A consumer whose group is the service's name. Every delivery goes through one chain, outermost
 * first: trace, metrics, dead letter, crash guard, retry, time-out, decode, and the transaction of
 * inbox, handler and outbox. An event takes effect once or becomes a dead letter, never neither.
 */
export function createConsumer(service: Ground, options: ConsumerOptions): Consumer {
  const { name: group, logger, codec, database, kafka, producer } = service;
  const { entityOrder } = options;
  const ordered = entityOrder === "enforced";
  const routes = ordered ? options.routes.map(everyVersion) : options.routes;
  const topics = routes.map(({ topic }) => topic);
  return {
    processor: createRouter({
      kafka,
      group,
      logger,
      limits,
      middleware: [
        trace(),
        metrics(),
        deadLetter({ producer }),
        crashGuard({ database }),
        retry(),
        timeout(),
        decode(codec),
        inbox({ database, entityOrder }),
      ],
      routes,
    }),
    deadLetters: createDeadLetterOffice({ ...service, group, topics, entityOrder }),
    sweepers: [
      createRetentionSweeper({ database, logger }),
      ...(ordered ? [createGapSweeper(service)] : []),
    ],
  };
}

/** Makes dead letters of events whose predecessor never came. */
function createGapSweeper({ name: group, clock, logger, database, producer }: Ground): Component {
  return createParkedSweeper({
    database,
    group,
    logger,
    deadLetter: async (record, error) => {
      const failure = { group, error, attempts: 1, firstFailedAtMs: clock.now() };
      await producer.send([deadLetterRecord(record, failure)]);
    },
  });
}
