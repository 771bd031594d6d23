import type { Logger } from "@holdfast/telemetry";
import type { AssignedPartition } from "./assigned-partition.ts";
import type { KafkaClient } from "./kafka.ts";
import { createPartitionProcessor } from "./partition-processor.ts";
import type { IncomingRecord } from "./record.ts";
import { uniqueName } from "./system.ts";
import { createTopicAdmin, type OffsetRange } from "./topic-admin.ts";

export interface TailOptions {
  readonly kafka: KafkaClient;
  readonly topics: readonly string[];
  /** `now` means: nothing that was appended before the call, everything after it. */
  readonly from: "beginning" | "now";
  /** `end`: finish at the ends that the partitions have at the time of the call. Default: never. */
  readonly until?: "end";
  readonly maxRecords?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** Called once all partitions are assigned: from here on nothing new is missed. */
  readonly onReady?: () => void;
  readonly logger: Logger;
}

const takeSize = 500;

/**
 * Reads topics without leaving a trace: a group of its own that commits nothing. Records of one
 * partition come in order, those of several as they arrive. Slow readers hold it up; nothing is
 * kept beyond the queue limits. Leaves the group when the iteration ends, `break` included.
 * Throws when a topic does not exist or the brokers cannot be reached at the start.
 */
export async function* tail(options: TailOptions): AsyncGenerator<IncomingRecord, void> {
  const { kafka, topics, logger, signal, maxRecords = Number.POSITIVE_INFINITY } = options;
  const channel = new Channel(await rangesOf(options), options);
  const close = () => channel.close();
  signal?.addEventListener("abort", close, { once: true });
  if (signal?.aborted || maxRecords <= 0) close();
  const processor = createPartitionProcessor({
    kafka,
    group: uniqueName("tail"),
    topics,
    logger,
    process: (partition) => channel.read(partition),
  });
  await processor.start();
  void processor.joined().then(options.onReady);
  let count = 0;
  try {
    for await (const record of channel) {
      yield record;
      count += 1;
      if (count >= maxRecords || signal?.aborted) return;
    }
  } finally {
    signal?.removeEventListener("abort", close);
    close();
    await processor.stop();
  }
}

type Ranges = ReadonlyMap<string, OffsetRange>;

const keyOf = (topic: string, partition: number) => `${topic}-${partition}`;

async function rangesOf({ kafka, topics }: TailOptions): Promise<Ranges> {
  const admin = createTopicAdmin({ kafka });
  try {
    const ranges = new Map<string, OffsetRange>();
    for (const topic of topics) {
      for (const [partition, range] of await admin.offsets(topic)) {
        ranges.set(keyOf(topic, partition), range);
      }
    }
    return ranges;
  } finally {
    await admin.close();
  }
}

/** Hands batches from the partitions' readers to one iterator; a reader waits until its is taken. */
class Channel {
  readonly #ranges: Ranges;
  readonly #from: TailOptions["from"];
  readonly #until: TailOptions["until"];
  /** Where each partition's reading goes on: a rebalance must neither repeat nor skip. */
  readonly #positions = new Map<string, bigint>();
  /** Partitions that have not reached the end that they had at the start. */
  readonly #unfinished: Set<string>;
  #offers: { records: readonly IncomingRecord[]; taken: () => void }[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(ranges: Ranges, { from, until }: Pick<TailOptions, "from" | "until">) {
    this.#ranges = ranges;
    this.#from = from;
    this.#until = until;
    const withRecords = [...ranges].filter(([, { start, end }]) => BigInt(start) < BigInt(end));
    this.#unfinished = new Set(from === "now" ? [] : withRecords.map(([key]) => key));
  }

  close(): void {
    this.#closed = true;
    for (const { taken } of this.#offers) taken();
    this.#offers = [];
    this.#wake?.();
  }

  async read(partition: AssignedPartition): Promise<void> {
    const key = keyOf(partition.topic, partition.partition);
    const end = BigInt(this.#ranges.get(key)?.end ?? "0");
    const position = this.#positions.get(key) ?? (this.#from === "now" ? end : undefined);
    if (position !== undefined) partition.seek(position.toString());
    for (;;) {
      const records = await partition.take(takeSize);
      const last = records.at(-1);
      if (last === undefined) return;
      const isWanted = ({ offset }: IncomingRecord) =>
        this.#until === undefined || BigInt(offset) < end;
      await this.#offer(records.filter(isWanted));
      const next = BigInt(last.offset) + 1n;
      this.#positions.set(key, next);
      if (next >= end) this.#unfinished.delete(key);
      this.#wake?.();
    }
  }

  async #offer(records: readonly IncomingRecord[]): Promise<void> {
    if (this.#closed || records.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#offers.push({ records, taken: resolve });
    this.#wake?.();
    await promise;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<IncomingRecord, void> {
    while (!this.#closed) {
      const offer = this.#offers.shift();
      if (offer !== undefined) {
        try {
          yield* offer.records;
        } finally {
          // Also when the reader breaks off: the partition's work must be able to end.
          offer.taken();
        }
      } else if (this.#until === "end" && this.#unfinished.size === 0) {
        return;
      } else {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
    }
  }
}
