import type { TopicName } from "@holdfast/contracts";
import {
  type Codec,
  compose,
  type Delivery,
  deadLetter,
  deadLetterHeader,
  decode,
  type IncomingRecord,
  natureOf,
  type OutgoingRecord,
  type Route,
  retry,
} from "@holdfast/messaging";
import { crashGuard, type Database, everyVersion, inbox } from "@holdfast/outbox";
import { silentLogger } from "@holdfast/telemetry";
import { jsonCodec } from "@holdfast/testkit";
import type { Bug } from "../bug.ts";
import type { SimulatedProcess } from "../world/process.ts";
import type { Scheduler } from "../world/scheduler.ts";
import { type Broker, type Place, partitions } from "./broker.ts";

/** A record that a group gave up. */
export interface DeadLetter {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly error: string;
}

/** What a consumer of one process runs on. */
export interface ConsumerOptions {
  readonly scheduler: Scheduler;
  readonly process: SimulatedProcess;
  readonly broker: Broker;
  readonly database: Database;
  readonly group: string;
  readonly routes: readonly Route[];
  readonly deadLetters: DeadLetter[];
  readonly bug: Bug;
}

// No registry: JSON in Avro's place.
const codec = {
  decode: (_topic: string, value: Buffer) => jsonCodec.decode(value),
} as unknown as Codec;

/** Offsets are committed after some records at a time; what lies between is read again after a crash. */
const commitRate = 0.6;

/**
 * Reads every partition of the routes' topics, each on its own, and gives the records to the handlers
 * through production's middleware. Trace, metrics and the handler's time-out are left out: they decide
 * nothing here.
 */
export function startConsumer(options: ConsumerOptions): void {
  const { scheduler, process, database } = options;
  const middleware = [
    deadLetter({ producer: deadLetterProducer(options), now: process.clock.now }),
    crashGuard({ database }),
    retry({
      random: scheduler.random,
      now: process.clock.now,
      wait: (ms) => process.pause(ms),
    }),
    decode(codec),
    inbox({ database, entityOrder: "enforced" }),
  ];
  for (const route of options.routes.map(everyVersion)) {
    const deliver = compose(middleware, route.dispatch);
    for (let partition = 0; partition < partitions; partition += 1) {
      const place = { topic: route.topic as TopicName, partition };
      void readPartition(place, deliver, options);
    }
  }
}

async function readPartition(
  place: Place,
  deliver: Delivery,
  { scheduler, process, broker, group, bug }: ConsumerOptions,
): Promise<void> {
  const { signal } = process.lost;
  const backlogEnd = broker.log(place).length;
  for (let position = broker.committed(group, place); !signal.aborted; position += 1) {
    const record = await broker.read(process, place, position);
    if (signal.aborted) return;
    bug.onRead?.(broker, group, { ...place, position });
    const fromBacklog = position < backlogEnd;
    if (!(await deliverUntilDone(record, deliver, { process, group, fromBacklog }))) return;
    if (scheduler.chance(1 - commitRate) && position + 1 < broker.log(place).length) continue;
    await process.turn();
    // A group's coordinator refuses the commit of a member that it has dropped.
    if (!process.fenced) broker.commit(group, place, position + 1);
  }
}

/** As the router does it: what comes out of the middleware is delivered again, until the stay ends. */
async function deliverUntilDone(
  record: IncomingRecord,
  deliver: Delivery,
  {
    process,
    group,
    fromBacklog,
  }: { process: SimulatedProcess; group: string; fromBacklog: boolean },
): Promise<boolean> {
  const { signal } = process.lost;
  while (!signal.aborted) {
    try {
      const base = { record, group, logger: silentLogger, fromBacklog, attempt: 1 };
      await deliver({ ...base, signal, stopping: signal });
      return true;
    } catch (error) {
      if (natureOf(error) === "aborted") return false;
      await process.pause(1_000);
    }
  }
  return false;
}

function deadLetterProducer({ process, group, deadLetters }: ConsumerOptions) {
  return {
    send: async (records: readonly OutgoingRecord[]) => {
      await process.turn();
      for (const { headers = {} } of records) {
        deadLetters.push({
          group,
          topic: String(headers[deadLetterHeader.topic]),
          partition: Number(headers[deadLetterHeader.partition]),
          offset: String(headers[deadLetterHeader.offset]),
          error: `${headers[deadLetterHeader.errorClass]}: ${headers[deadLetterHeader.errorMessage]}`,
        });
      }
      return [];
    },
  };
}
