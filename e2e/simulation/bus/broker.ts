import type { TopicName } from "@holdfast/contracts";
import type { IncomingRecord } from "@holdfast/messaging";
import { partitionOfKey } from "../../../services/payment/src/domain/card-partition.ts";
import type { SimulatedProcess } from "../world/process.ts";
import type { Scheduler } from "../world/scheduler.ts";

/** Fewer than in production, so that orders of several customers share one. */
export const partitions = 3;

/** What a producer sends. */
export interface OutgoingRecord {
  readonly topic: TopicName;
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** One partition of one topic. */
export interface Place {
  readonly topic: TopicName;
  readonly partition: number;
}

/** The log: partitions of records, and the offsets that groups have committed. */
export class Broker {
  readonly #scheduler: Scheduler;
  readonly #logs = new Map<string, IncomingRecord[]>();
  readonly #offsets = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Appends a record to its key's partition. */
  append({ topic, key, value, headers }: OutgoingRecord): void {
    const partition = partitionOfKey(key, partitions);
    const log = this.log({ topic, partition });
    log.push({
      topic,
      partition,
      offset: String(log.length),
      key: Buffer.from(key),
      value,
      headers,
      rawHeaders: Object.fromEntries(
        Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]),
      ),
      timestampMs: Math.floor(this.#scheduler.nowMs),
    });
    const place = nameOf({ topic, partition });
    const waiting = this.#waiting.get(place) ?? [];
    this.#waiting.delete(place);
    for (const wake of waiting) wake();
  }

  /** The records of a partition, in order. */
  log(place: Place): IncomingRecord[] {
    const name = nameOf(place);
    const log = this.#logs.get(name) ?? [];
    this.#logs.set(name, log);
    return log;
  }

  /** Every partition of these topics. */
  places(topics: readonly string[]): Place[] {
    return topics.flatMap((topic) =>
      Array.from({ length: partitions }, (_, partition) => ({
        topic: topic as TopicName,
        partition,
      })),
    );
  }

  /** The record at `position`; waits for it on behalf of `process`. */
  async read(process: SimulatedProcess, place: Place, position: number): Promise<IncomingRecord> {
    for (;;) {
      const record = this.log(place)[position];
      await (record === undefined ? this.#news(process, place) : process.turn());
      if (record !== undefined) return record;
    }
  }

  /** Where a group goes on reading. */
  committed(group: string, place: Place): number {
    return this.#offsets.get(`${group} ${nameOf(place)}`) ?? 0;
  }

  commit(group: string, place: Place, position: number): void {
    this.#offsets.set(`${group} ${nameOf(place)}`, position);
  }

  #news(process: SimulatedProcess, place: Place): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(nameOf(place)) ?? [];
      waiting.push(() => process.wake(resolve));
      this.#waiting.set(nameOf(place), waiting);
    });
  }
}

function nameOf({ topic, partition }: Place): string {
  return `${topic}-${partition}`;
}
