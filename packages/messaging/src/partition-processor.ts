import { counter, type Logger } from "@holdfast/telemetry";
import type { Consumer, ConsumerGroupJoinEvent, EachBatchPayload } from "kafkajs";
import {
  type AssignedPartition,
  delay,
  type PartitionPort,
  PartitionStay,
  type QueueLimits,
} from "./assigned-partition.ts";
import type { KafkaClient } from "./kafka.ts";
import { OffsetRounds, type PartitionOffset } from "./offset-rounds.ts";
import { KafkaRecord } from "./record.ts";

export interface PartitionProcessorOptions {
  readonly kafka: KafkaClient;
  readonly group: string;
  readonly topics: readonly string[];
  readonly logger: Logger;
  /**
   * Works on one partition until its signal is aborted: take, apply, commit, again. It is called
   * for every stay; a stay of the same partition starts when the one before has returned. When it
   * throws, the whole consumer is built anew after a pause, so nothing is skipped.
   */
  readonly process: (partition: AssignedPartition) => Promise<void>;
  readonly limits?: Partial<ConsumerLimits>;
}

/** What a consumer allows itself. */
export interface ConsumerLimits extends QueueLimits {
  /** How long the broker waits for data before it answers a fetch; 100 to 250 ms. */
  readonly maxWaitTimeMs: number;
  /**
   * After a fetch that brought a partition's newest records, the next waits so long: a fetch of one
   * record costs as much as one of a hundred, here and at the broker. The records of the first are not
   * delayed, and a backlog is fetched without a pause.
   */
  readonly fetchIntervalMs: number;
  /** Offsets are committed no more often; those of all partitions go in one request. */
  readonly commitIntervalMs: number;
  /** How long the group waits for a silent member; bounds the recovery from a kill. */
  readonly sessionTimeoutMs: number;
  readonly maxBytesPerPartition: number;
}

const defaultLimits: ConsumerLimits = {
  maxRecords: 10_000,
  maxBytes: 4 * 1024 * 1024,
  commitIntervalMs: 0,
  maxWaitTimeMs: 100,
  fetchIntervalMs: 0,
  sessionTimeoutMs: 6_000,
  maxBytesPerPartition: 1024 * 1024,
};

/** Batches that wait for the next fetch side by side: a batch behind them would come late to its queue. */
const waitingBatches = 8;

/** What /readyz and /metrics want to know. */
export interface ConsumerHealth {
  /** Whether this process is a member of its group and polls. */
  readonly connected: boolean;
  /** Age of the last answer to a fetch; grows when the poll loop hangs. Infinity before the first. */
  readonly lastPollAgeMs: number;
  readonly assigned: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly queuedRecords: number;
  }[];
}

export interface PartitionProcessor {
  readonly name: string;
  /** Starts to connect and returns at once: a broker that is down must not keep a service down. */
  start(): Promise<void>;
  /** Resolves when the group has given this member its first assignment, which may be empty. */
  joined(): Promise<void>;
  /**
   * Stops taking records, lets `process` finish for at most 15 s, commits, leaves the group.
   * Idempotent.
   */
  stop(): Promise<void>;
  health(): ConsumerHealth;
}

/** Reads topics as a member of a consumer group, partition by partition; see the class. */
export function createPartitionProcessor(options: PartitionProcessorOptions): PartitionProcessor {
  return new GroupMember(options);
}

const restartDelayMs = 500;
const finishLimitMs = 15_000;
const restarts = counter("kafka_consumer_restarts_total");

/**
 * The poll loop of one group member. The client calls a batch handler and fetches again only when
 * it returns, so the handler only queues: a slow partition pauses itself and never delays the
 * heartbeat or another partition.
 *
 * States: idle → connecting → member ⇄ rebalancing → stopped; a crash of the client leads back to
 * connecting with a new consumer. The client has no revoke call-back: partitions are known to be
 * lost only when the next assignment comes. Every assignment, of the same partitions too, starts
 * new stays from the committed offsets, because another member may have worked in between.
 */
class GroupMember implements PartitionProcessor {
  readonly name: string;
  readonly #options: PartitionProcessorOptions;
  readonly #limits: ConsumerLimits;
  readonly #logger: Logger;
  readonly #stays = new Map<string, PartitionStay>();
  /** The work of the last stay of each partition, settled or not. */
  readonly #work = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #joined = Promise.withResolvers<void>();
  readonly #offsets: OffsetRounds;
  #consumer: Consumer | undefined;
  #commit: EachBatchPayload["commitOffsetsIfNecessary"] | undefined;
  #connected = false;
  #lastPollAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #crashed: (() => void) | undefined;

  constructor(options: PartitionProcessorOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#logger = options.logger.child({ group: options.group });
    this.#offsets = new OffsetRounds({
      intervalMs: this.#limits.commitIntervalMs,
      stopping: this.#stopping.signal,
      send: (offsets) => this.#commitOffsets(offsets),
    });
    this.name = `consumer ${options.group}`;
  }

  async start(): Promise<void> {
    this.#running ??= this.#keepRunning();
  }

  joined(): Promise<void> {
    return this.#joined.promise;
  }

  health(): ConsumerHealth {
    return {
      connected: this.#connected,
      lastPollAgeMs: performance.now() - this.#lastPollAt,
      assigned: [...this.#stays.values()].map(({ topic, partition, queuedRecords }) => ({
        topic,
        partition,
        queuedRecords,
      })),
    };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#endStays("stopping");
    this.#crashed?.();
    await this.#running;
  }

  async #keepRunning(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#runOnce();
      } catch (err) {
        this.#logger.warn({ err }, "The consumer failed to start; it is tried again.");
      }
      if (this.#stopping.signal.aborted) break;
      restarts.add(1, { group: this.#options.group });
      await delay(restartDelayMs, this.#stopping.signal);
    }
  }

  /** One life of a client's consumer: ends by a crash or by stop. */
  async #runOnce(): Promise<void> {
    const crash = Promise.withResolvers<void>();
    this.#crashed = crash.resolve;
    if (this.#stopping.signal.aborted) return;
    const consumer = this.#createConsumer();
    this.#consumer = consumer;
    consumer.on(consumer.events.GROUP_JOIN, (event) => this.#onJoin(event));
    consumer.on(consumer.events.FETCH, () => {
      this.#lastPollAt = performance.now();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.#logger.warn({ err: payload.error }, "The consumer crashed; a new one takes its place.");
      crash.resolve();
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.#limits.fetchIntervalMs > 0 ? waitingBatches : 1,
        eachBatch: async (payload) => {
          this.#onBatch(payload);
          if (payload.batch.offsetLag() === "0") await this.#nextFetchTime();
        },
      });
      await crash.promise;
    } finally {
      await this.#close(consumer);
    }
  }

  #createConsumer(): Consumer {
    const { maxWaitTimeMs, sessionTimeoutMs, maxBytesPerPartition } = this.#limits;
    return this.#options.kafka.consumer({
      groupId: this.#options.group,
      maxWaitTimeInMs: maxWaitTimeMs,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.floor(sessionTimeoutMs / 4),
      rebalanceTimeout: 15_000,
      maxBytesPerPartition,
      allowAutoTopicCreation: false,
      retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 2_000, restartOnFailure: never },
    });
  }

  async #close(consumer: Consumer): Promise<void> {
    this.#connected = false;
    this.#endStays(this.#stopping.signal.aborted ? "stopping" : "lost");
    if (this.#stopping.signal.aborted) await this.#finishWork();
    this.#stays.clear();
    this.#commit = undefined;
    await consumer.disconnect().catch((err: unknown) => {
      this.#logger.debug({ err }, "The consumer did not disconnect cleanly.");
    });
  }

  async #finishWork(): Promise<void> {
    const finish = async () => {
      await Promise.all(this.#work.values());
      await Promise.all([...this.#stays.values()].map((stay) => stay.settled()));
    };
    const inTime = new AbortController();
    const late = delay(finishLimitMs, inTime.signal).then(() => {
      if (!inTime.signal.aborted) this.#logger.warn({}, "Work did not end in time; leaving it.");
    });
    await Promise.race([finish(), late]);
    inTime.abort();
  }

  #endStays(reason: "lost" | "stopping"): void {
    if (reason === "lost") this.#offsets.forget();
    for (const stay of this.#stays.values()) stay.end(reason);
  }

  #onJoin({ payload }: ConsumerGroupJoinEvent): void {
    this.#endStays("lost");
    this.#stays.clear();
    this.#connected = true;
    this.#lastPollAt = performance.now();
    if (this.#stopping.signal.aborted) return;
    for (const [topic, partitions] of Object.entries(payload.memberAssignment)) {
      for (const partition of partitions) this.#beginStay(topic, partition);
    }
    this.#logger.info(
      { memberId: payload.memberId, partitions: [...this.#stays.keys()] },
      "Partitions were assigned.",
    );
    this.#joined.resolve();
  }

  #beginStay(topic: string, partition: number): void {
    const key = `${topic}-${partition}`;
    const context = { port: this.#port, limits: this.#limits, logger: this.#logger };
    const stay = new PartitionStay({ topic, partition }, context);
    this.#stays.set(key, stay);
    // The client keeps pauses across rebalances.
    this.#port.resume(topic, partition);
    const before = this.#work.get(key) ?? Promise.resolve();
    this.#work.set(
      key,
      before.then(() => this.#workOn(stay)),
    );
  }

  async #workOn(stay: PartitionStay): Promise<void> {
    if (stay.signal.aborted) return;
    const { topic, partition } = stay;
    try {
      await this.#options.process(stay);
      if (stay.signal.aborted) return;
      this.#logger.error({ topic, partition }, "Work on a partition ended before its stay.");
    } catch (err) {
      if (stay.signal.aborted) {
        this.#logger.debug({ err, topic, partition }, "Work ended with its stay.");
        return;
      }
      this.#logger.error({ err, topic, partition }, "Work on a partition failed.");
    }
    this.#crashed?.();
  }

  #onBatch(payload: EachBatchPayload): void {
    const { batch } = payload;
    this.#commit = payload.commitOffsetsIfNecessary;
    const stay = this.#stays.get(`${batch.topic}-${batch.partition}`);
    if (stay === undefined || payload.isStale()) return;
    const { topic, partition } = batch;
    stay.push(
      batch.messages.map((message) => new KafkaRecord(topic, partition, message)),
      batch.highWatermark,
    );
    payload.resolveOffset(batch.lastOffset());
  }

  /** The client fetches again when all batches of the last fetch are handled. */
  async #nextFetchTime(): Promise<void> {
    const waitMs = this.#lastPollAt + this.#limits.fetchIntervalMs - performance.now();
    if (waitMs > 0) await delay(waitMs, this.#stopping.signal);
  }

  // Not consumer.commitOffsets: that repeats a refused commit, possibly after a rebalance, when
  // the offset would be that of a partition which another member has moved on.
  async #commitOffsets(offsets: readonly PartitionOffset[]): Promise<void> {
    if (this.#commit === undefined) throw new Error("No batch was fetched yet");
    const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([topic, partitions]) => ({
      topic,
      partitions: partitions.map(({ partition, offset }) => ({ partition, offset })),
    }));
    await this.#commit({ topics });
  }

  readonly #port: PartitionPort = {
    commit: (topic, partition, offset) => this.#offsets.commit({ topic, partition, offset }),
    seek: (topic, partition, offset) =>
      this.#whileMember((consumer) => consumer.seek({ topic, partition, offset })),
    pause: (topic, partition) =>
      this.#whileMember((consumer) => consumer.pause([{ topic, partitions: [partition] }])),
    resume: (topic, partition) =>
      this.#whileMember((consumer) => consumer.resume([{ topic, partitions: [partition] }])),
  };

  // A crashed client forgets its group some moments before it says so, and then throws here. The
  // stays are about to end and nothing is lost: their successors start from the committed offsets.
  #whileMember(act: (consumer: Consumer) => void): void {
    try {
      if (this.#consumer !== undefined) act(this.#consumer);
    } catch (err) {
      this.#logger.debug({ err }, "The consumer is not running.");
    }
  }
}

const never = async (): Promise<boolean> => false;
