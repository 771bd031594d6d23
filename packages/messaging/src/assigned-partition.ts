import type { Logger } from "@holdfast/telemetry";
import type { IncomingRecord, KafkaRecord } from "./record.ts";

/** One stay of a partition with this process: from its assignment to the next rebalance or stop. */
export interface AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  /**
   * Aborted when the stay ends. `reason` is "lost" (another process may own the partition by now:
   * effects must be fenced or deduplicated) or "stopping" (finish what is in hand and commit).
   */
  readonly signal: AbortSignal;
  /** The first offset that is not on the log yet, as the last fetch saw it; "-1" before it. */
  readonly endOffset: string;
  /**
   * The next records in order, at least one and at most `maxRecords`; waits for them. Empty once
   * the stay has ended, although records may be queued: then return.
   */
  take(maxRecords: number): Promise<readonly IncomingRecord[]>;
  /** The records that are already here, possibly none; does not wait. */
  takeQueued(maxRecords: number): readonly IncomingRecord[];
  /**
   * Says that reading may go on at `nextOffset` after a restart. Returns at once; one commit per
   * partition is outstanding and the newest offset wins. Ignored after the partition was lost.
   */
  commit(nextOffset: string): void;
  /** Goes on at `offset`; what is queued is dropped. */
  seek(offset: string): void;
}

/** What a stay needs from the consumer that it belongs to. */
export interface PartitionPort {
  commit(topic: string, partition: number, nextOffset: string): Promise<void>;
  seek(topic: string, partition: number, offset: string): void;
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
}

/** How much one partition may queue. */
export interface QueueLimits {
  /** When to stop fetching for a partition; it goes on at half of it. */
  readonly maxRecords: number;
  readonly maxBytes: number;
}

const commitRetryMs = 500;

/**
 * The queue between the poll loop and one partition's work. States: open (records come in, the work
 * takes them; fetching is paused while the queue is over its limit), ended (lost or stopping:
 * nothing is taken any more; commits still go out when stopping).
 */
export class PartitionStay implements AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  endOffset = "-1";
  readonly #port: PartitionPort;
  readonly #limits: QueueLimits;
  readonly #logger: Logger;
  readonly #end = new AbortController();
  #queue: KafkaRecord[] = [];
  #bytes = 0;
  #paused = false;
  #wake: (() => void) | undefined;
  #wanted: string | undefined;
  #committing: Promise<void> | undefined;

  constructor(
    { topic, partition }: { topic: string; partition: number },
    { port, limits, logger }: { port: PartitionPort; limits: QueueLimits; logger: Logger },
  ) {
    this.topic = topic;
    this.partition = partition;
    this.#port = port;
    this.#limits = limits;
    this.#logger = logger;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get queuedRecords(): number {
    return this.#queue.length;
  }

  /** Called by the poll loop. Never waits: a full queue pauses the partition instead. */
  push(records: readonly KafkaRecord[], endOffset: string): void {
    this.endOffset = endOffset;
    if (this.signal.aborted) return;
    for (const record of records) {
      this.#queue.push(record);
      this.#bytes += record.size;
    }
    if (!this.#paused && this.#fillRatio() >= 1) {
      this.#paused = true;
      this.#port.pause(this.topic, this.partition);
    }
    this.#wake?.();
  }

  async take(maxRecords: number): Promise<readonly IncomingRecord[]> {
    while (this.#queue.length === 0 && !this.signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return this.takeQueued(maxRecords);
  }

  takeQueued(maxRecords: number): readonly IncomingRecord[] {
    if (this.signal.aborted) return [];
    const taken =
      maxRecords >= this.#queue.length ? this.#queue : this.#queue.splice(0, maxRecords);
    if (taken === this.#queue) this.#queue = [];
    for (const record of taken) this.#bytes -= record.size;
    if (this.#paused && this.#fillRatio() <= 0.5) {
      this.#paused = false;
      this.#port.resume(this.topic, this.partition);
    }
    return taken;
  }

  #fillRatio(): number {
    const { maxRecords, maxBytes } = this.#limits;
    return Math.max(this.#queue.length / maxRecords, this.#bytes / maxBytes);
  }

  seek(offset: string): void {
    if (this.signal.aborted) return;
    this.#queue = [];
    this.#bytes = 0;
    this.#port.seek(this.topic, this.partition, offset);
    if (this.#paused) this.#port.resume(this.topic, this.partition);
    this.#paused = false;
  }

  commit(nextOffset: string): void {
    if (this.#isLost()) return;
    this.#wanted = nextOffset;
    this.#committing ??= this.#commitWanted();
  }

  async #commitWanted(): Promise<void> {
    while (this.#wanted !== undefined && !this.#isLost()) {
      const offset = this.#wanted;
      this.#wanted = undefined;
      try {
        await this.#port.commit(this.topic, this.partition, offset);
      } catch (err) {
        this.#logger.debug({ err, topic: this.topic, partition: this.partition }, "Commit failed");
        if (this.signal.aborted) break;
        this.#wanted ??= offset;
        await delay(commitRetryMs, this.signal);
      }
    }
    // At once with the last look at what is wanted: later, a commit in between would be forgotten.
    this.#committing = undefined;
  }

  /** Ends the stay. Idempotent. */
  end(reason: "lost" | "stopping"): void {
    this.#end.abort(reason);
    this.#queue = [];
    this.#bytes = 0;
    this.#wake?.();
  }

  #isLost(): boolean {
    return this.signal.aborted && this.signal.reason === "lost";
  }

  /** Resolves when no commit is outstanding. */
  async settled(): Promise<void> {
    await this.#committing;
  }
}

/** Waits, but no longer than until `signal` is aborted; never rejects. */
export async function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const finish = () => resolve();
  signal.addEventListener("abort", finish, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", finish);
}
