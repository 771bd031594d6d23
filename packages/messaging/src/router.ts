import { counter, type Logger } from "@holdfast/telemetry";
import { type AssignedPartition, delay } from "./assigned-partition.ts";
import { compose, type Delivery, type DeliveryContext, type Middleware } from "./delivery.ts";
import { errorClassOf, natureOf } from "./errors.ts";
import type { KafkaClient } from "./kafka.ts";
import { header } from "./message.ts";
import {
  type ConsumerLimits,
  createPartitionProcessor,
  type PartitionProcessor,
} from "./partition-processor.ts";
import { type IncomingRecord, offsetAfter } from "./record.ts";
import type { Route } from "./route.ts";

export interface RouterOptions {
  readonly kafka: KafkaClient;
  readonly group: string;
  readonly routes: readonly Route[];
  /** Outermost first: trace, metrics, deadLetter, retry, timeout, decode, a transaction layer. */
  readonly middleware: readonly Middleware[];
  readonly logger: Logger;
  readonly limits?: Partial<ConsumerLimits>;
  /** How long a handler may still work after stop was called; default 10 s. */
  readonly stopTimeoutMs?: number;
}

/** start, joined, stop and health are those of a PartitionProcessor. */
export type Router = PartitionProcessor;

const batchSize = 100;
const repeatDelayMs = 1_000;
const processed = counter("messages_processed_total");

/**
 * A consumer group member that gives each record, in order within its partition, to the handler of
 * its event. A record is passed only when its delivery resolved (handled, skipped or
 * dead-lettered); its offset is committed after that, so a crash repeats it and never loses it.
 */
export function createRouter(options: RouterOptions): Router {
  const { routes, middleware, group, kafka, limits } = options;
  const lines = new Map(
    routes.map((route) => [route.topic, { route, deliver: compose(middleware, route.dispatch) }]),
  );
  if (lines.size < routes.length) throw new Error(`Group ${group} routes one topic twice`);
  const logger = options.logger.child({ group });
  return createPartitionProcessor({
    kafka,
    group,
    topics: [...lines.keys()],
    logger: options.logger,
    ...(limits !== undefined && { limits }),
    process: async (partition) => {
      const line = lines.get(partition.topic);
      if (line === undefined) throw new Error(`No route for topic ${partition.topic}`);
      const work = workSignal(partition.signal, options.stopTimeoutMs ?? 10_000);
      await processPartition({ partition, group, logger, work: work.signal, ...line });
      work.release();
    },
  });
}

interface Line {
  readonly partition: AssignedPartition;
  readonly group: string;
  readonly logger: Logger;
  readonly work: AbortSignal;
  readonly route: Route;
  readonly deliver: Delivery;
}

async function processPartition(line: Line): Promise<void> {
  const { partition, group, route } = line;
  const skipped = { group, topic: partition.topic, result: "skipped" };
  let backlogEnd: number | undefined;
  for (;;) {
    const records = await partition.take(batchSize);
    if (records.length === 0) return;
    backlogEnd ??= Number(partition.endOffset);
    for (const record of records) {
      if (partition.signal.aborted) return;
      if (route.wants(record)) {
        const fromBacklog = Number(record.offset) < backlogEnd;
        if (!(await deliverUntilDone(line, record, fromBacklog))) return;
      } else {
        processed.add(1, { ...skipped, event_type: record.headers[header.eventType] ?? "" });
      }
      partition.commit(offsetAfter(record.offset));
    }
  }
}

/**
 * True when the record is done. The middleware retries and dead-letters; what still comes out of it
 * (the dead-letter topic cannot be written, a layer has a bug) must not pass the record either, so
 * it is delivered again until the stay ends.
 */
async function deliverUntilDone(
  line: Line,
  record: IncomingRecord,
  fromBacklog: boolean,
): Promise<boolean> {
  const { partition, group, logger, work, deliver } = line;
  while (!partition.signal.aborted) {
    const context: DeliveryContext = {
      record,
      group,
      logger,
      signal: work,
      stopping: partition.signal,
      fromBacklog,
      attempt: 1,
    };
    try {
      await deliver(context);
      return true;
    } catch (err) {
      if (natureOf(err) === "aborted") return false;
      const { topic, offset } = record;
      const fields = { err, topic, partition: record.partition, offset };
      logger.error(
        { ...fields, errorClass: errorClassOf(err) },
        "A delivery failed beyond its middleware.",
      );
      await delay(repeatDelayMs, partition.signal);
    }
  }
  return false;
}

/** Aborted at once when the partition is lost, and `stopTimeoutMs` after a stop began. */
function workSignal(stay: AbortSignal, stopTimeoutMs: number) {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onEnd = () => {
    if (stay.reason === "lost") controller.abort("lost");
    else timer = setTimeout(() => controller.abort("stopping"), stopTimeoutMs);
  };
  if (stay.aborted) onEnd();
  else stay.addEventListener("abort", onEnd, { once: true });
  return { signal: controller.signal, release: () => clearTimeout(timer) };
}
