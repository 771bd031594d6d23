import {
  type AssignedPartition,
  type Codec,
  countQuality,
  delay,
  type IncomingRecord,
  natureOf,
  type Producer,
} from "@holdfast/messaging";
import type { Clock } from "@holdfast/service-kit";
import type { Logger } from "@holdfast/telemetry";
import { latestTimeOf } from "../domain/activity.ts";
import { CardCache } from "../domain/card-cache.ts";
import { noWatermark, watermarkAfter } from "../domain/event-time.ts";
import { PartitionMachine } from "../domain/partition-machine.ts";
import type { CompileRuleset, Ruleset } from "../domain/ruleset.ts";
import type { PartitionStore, StoredCard, StoredRuleset } from "../store/partition-store.ts";
import { BatchTally } from "./batch-tally.ts";
import type { DurableOffsets } from "./durable-offsets.ts";
import { type Encoded, encodeOutputs, noOutputs } from "./encode-outputs.ts";
import { Fenced } from "./fenced.ts";
import { type CommitLimits, GroupCommit } from "./group-commit.ts";
import { OrderedReading } from "./ordered-reading.ts";
import type { Encoding } from "./outgoing.ts";
import { type ReadRecord, readRecords } from "./read-records.ts";
import type { ScorerMetrics } from "./scorer-metrics.ts";
import { BatchTrace, type ScorerTracing } from "./trace-batch.ts";

/** What the scorers of all partitions share. */
export interface ScorerContext {
  readonly store: PartitionStore;
  readonly offsets: DurableOffsets;
  readonly producer: Pick<Producer, "send">;
  readonly codec: Codec;
  readonly encoding: Encoding;
  readonly compile: CompileRuleset;
  readonly restore: (stored: StoredRuleset) => Ruleset;
  readonly engineVersion: string;
  readonly limits: ScorerLimits;
  /** Is told of decisions that are on their topic. */
  readonly onDecided?: (decisions: Pick<Encoded, "withHits" | "without">) => void;
  readonly clock: Clock;
  readonly metrics: ScorerMetrics;
  readonly tracing: ScorerTracing;
  readonly logger: Logger;
}

/** Bounds of one partition's work. */
export interface ScorerLimits {
  readonly commit: CommitLimits;
  readonly maxBatchRecords: number;
  /** Records that may be published and not yet durable; then scoring waits for the commit. */
  readonly maxUncommittedRecords: number;
  readonly maxFiringsPerRecord: number;
  /** The share of one partition in the cache. */
  readonly cacheBytes: () => number;
}

const retryMs = 250;
const sliceRecords = 32;
/** How long a fenced scorer waits for the rebalance that goes with it, before it asks for one. */
const fencedPatienceMs = 10_000;

/**
 * One stay of one partition with this process. States: taking over → running → ended, or failed
 * when the fence, a bug or the database's silence stopped it. It lives no longer than its stay:
 * the next owner, this process or another, starts from the database.
 *
 * A round: read and judge records → load cards and the fence in one statement → apply → publish →
 * hand to the group commit. Between apply and the acknowledged publish nothing is written, so the
 * stored state never knows of outputs that are not on the log; a crash there repeats them under
 * the same ids.
 */
export class PartitionScorer {
  readonly #context: ScorerContext;
  readonly #stay: AssignedPartition;
  readonly #logger: Logger;
  readonly #cards = new CardCache();
  readonly #reading: OrderedReading;
  #machine!: PartitionMachine;
  #commit!: GroupCommit;
  #epoch = 0;
  #nextOffset = 0;
  #batch = 0;
  /** Every timer up to this event time has been loaded and fired in this stay. */
  #firedUpTo: number | null = null;
  /** Every stored timer between that time and this one was in the last load. */
  #timersUpTo = Number.NEGATIVE_INFINITY;
  #failure: { readonly error: unknown } | undefined;
  #giveUp: ((error: unknown) => void) | undefined;

  constructor(context: ScorerContext, stay: AssignedPartition) {
    this.#context = context;
    this.#stay = stay;
    this.#logger = context.logger.child({ partition: stay.partition });
    this.#reading = new OrderedReading(stay, this.#logger);
  }

  /** Scores until the stay ends. Rejects when this process cannot go on with the partition. */
  async run(): Promise<void> {
    const { metrics } = this.#context;
    const partition = metrics.partition(this.#stay.partition);
    try {
      await this.#retrying("take over", () => this.#takeOver());
      if (this.#stay.signal.aborted) return;
      partition.running(() => this.#status());
      await this.#scoreUntilTheEnd();
      await this.#commit.flush();
      await this.#context.offsets.tell();
    } catch (error) {
      if (error instanceof Fenced) await this.#onFenced(error);
      else if (!this.#stay.signal.aborted) throw error;
    } finally {
      this.#commit?.end();
      partition.ended();
    }
  }

  async #takeOver(): Promise<void> {
    const { store, restore, compile, encoding, engineVersion, limits } = this.#context;
    const { partition } = this.#stay;
    const taken = await store.takeOver(partition);
    this.#epoch = taken.epoch;
    this.#nextOffset = taken.nextOffset;
    this.#machine = new PartitionMachine({
      input: { topic: encoding.topics.activity, engineVersion },
      compile,
      cards: this.#cards,
      watermark: taken.watermark ?? noWatermark,
      ruleset: taken.ruleset === null ? undefined : restore(taken.ruleset),
      maxFiringsPerRecord: limits.maxFiringsPerRecord,
    });
    this.#commit = this.#newCommit(taken.nextOffset);
    // The group's offset is a hint: it may be behind the state or, after a crash of the database,
    // ahead of it.
    this.#stay.seek(String(taken.nextOffset));
    // The owner before may have lost the partition between its write and its commit; without this a
    // partition that has gone quiet would look as if it lagged.
    if (taken.nextOffset > 0) this.#stay.commit(String(taken.nextOffset));
    const { epoch, nextOffset: position } = taken;
    this.#logger.info({ epoch, position }, "The partition was taken over.");
  }

  #newCommit(nextOffset: number): GroupCommit {
    const { store, offsets, limits } = this.#context;
    return new GroupCommit(
      {
        partition: this.#stay.partition,
        epoch: this.#epoch,
        store,
        machine: this.#machine,
        cards: this.#cards,
        limits: limits.commit,
        isBehind: () => Number(this.#stay.endOffset) - this.#nextOffset > limits.maxBatchRecords,
        logger: this.#logger,
        signal: this.#stay.signal,
        onCommitted: (offset) => offsets.note(this.#stay, offset),
        onFailed: (error) => this.#fail(error),
      },
      nextOffset,
    );
  }

  async #scoreUntilTheEnd(): Promise<void> {
    const { maxBatchRecords, maxUncommittedRecords } = this.#context.limits;
    while (!this.#stay.signal.aborted) {
      const sources = await this.#orFailure(this.#stay.take(maxBatchRecords));
      const next = this.#reading.inOrder(sources, this.#nextOffset);
      if (next.length > 0) await this.#orFailure(this.#score(next));
      if (this.#commit.pendingRecords > maxUncommittedRecords) {
        await this.#orFailure(this.#commit.settled());
      }
    }
  }

  async #score(sources: readonly IncomingRecord[]): Promise<void> {
    const startedAtMs = this.#context.clock.now();
    countQuality(this.#context.encoding.group, sources);
    let rest = await this.#retrying("read", () => readRecords(this.#context.codec, sources));
    while (rest !== undefined && rest.length > 0) {
      const count = await this.#retrying("load", () => this.#load(rest ?? []));
      if (count === undefined) return;
      const applied = await this.#applyAndPublish(rest.slice(0, count), startedAtMs);
      if (!applied) return;
      rest = rest.slice(count);
    }
  }

  /** Loads what the records need. Returns how many of them may be applied on it. */
  async #load(read: readonly ReadRecord[]): Promise<number> {
    const { store, limits, metrics } = this.#context;
    const unknown = this.#unknownCards(read);
    const dueUpTo = watermarkAfter(this.#machine.watermark, latestTimeOf(read));
    // Stored rows of dirty cards may be outdated: as many more are asked for.
    const maxDue = limits.maxFiringsPerRecord + this.#cards.dirtyCount + 1;
    const durable = this.#commit.committedOffset;
    const loaded = await store.load({
      partition: this.#stay.partition,
      cards: unknown,
      dueUpTo: Number.isFinite(dueUpTo) ? dueUpTo : null,
      dueAfter: this.#firedUpTo,
      maxDue,
    });
    if (loaded.epoch !== this.#epoch || !this.#commit.expects(loaded.nextOffset, durable)) {
      const { partition } = this.#stay;
      throw new Fenced("load", { partition, epoch: this.#epoch, foreignEpoch: loaded.epoch });
    }
    metrics.lookedUp(read.length, unknown.length);
    this.#take(loaded.cards);
    this.#timersUpTo = loaded.allDueUpTo ?? Number.NEGATIVE_INFINITY;
    if (this.#timersUpTo >= dueUpTo) return read.length;
    // More fall due than a load takes: those before them first, then one by one, each firing its share.
    return Math.max(1, this.#countBefore(read, this.#timersUpTo));
  }

  /** How many of the records, of which some take the watermark beyond `time`, come before the first that does. */
  #countBefore(read: readonly ReadRecord[], time: number): number {
    let { watermark } = this.#machine;
    return read.findIndex((one) => {
      watermark = watermarkAfter(watermark, latestTimeOf([one]));
      return watermark > time;
    });
  }

  #unknownCards(read: readonly ReadRecord[]): string[] {
    const unknown = new Set<string>();
    for (const { judgement } of read) {
      if (judgement.kind === "card" && !this.#cards.has(judgement.card)) {
        unknown.add(judgement.card);
      }
    }
    return [...unknown];
  }

  #take(cards: readonly StoredCard[]): void {
    for (const { card, state } of cards) this.#cards.addStored(card, state);
  }

  /** False when the stay ended before the outputs were acknowledged: then nothing is written. */
  async #applyAndPublish(read: readonly ReadRecord[], startedAtMs: number): Promise<boolean> {
    const { limits, metrics, clock } = this.#context;
    this.#commit.batchBegins();
    this.#batch += 1;
    const { encoded, tally } = this.#apply(read, startedAtMs);
    const done = await this.#retrying("publish", async () => {
      await this.#context.producer.send(encoded.records);
      return true;
    });
    if (done === undefined) return false;
    this.#context.onDecided?.(encoded);
    const last = read.at(-1)?.record;
    if (last !== undefined) this.#nextOffset = last.offset + 1;
    this.#commit.published(this.#batch, this.#nextOffset, encoded);
    this.#cards.evict(limits.cacheBytes());
    metrics.published(tally, clock.now());
    return true;
  }

  /** A few records at a time: outputs and cards are bytes before the next ones make more garbage. */
  #apply(read: readonly ReadRecord[], startedAtMs: number) {
    const { encoding, clock, tracing } = this.#context;
    const trace = new BatchTrace({ startedAtMs, clock, group: encoding.group }, tracing);
    const encoded = noOutputs();
    const tally = new BatchTally(this.#machine.watermark);
    for (let from = 0; from < read.length; from += sliceRecords) {
      const some = read.slice(from, from + sliceRecords);
      const outputs = this.#machine.apply(some);
      encodeOutputs(encoding, { outputs, read: some, trace }, encoded);
      tally.add(some, outputs);
      this.#cards.restIdle(this.#batch);
    }
    this.#cards.rest(this.#batch);
    this.#noteFired();
    trace.end();
    return { encoded, tally };
  }

  /** What has fired must not be loaded again: its row tells an outdated time until the next commit. */
  #noteFired(): void {
    const upTo = Math.min(this.#machine.watermark, this.#timersUpTo);
    if (Number.isFinite(upTo) && !this.#cards.mayBeDue(upTo)) this.#firedUpTo = upTo;
  }

  /** Repeats `work` while its failures are transient; undefined when the stay ended before it did. */
  async #retrying<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#stay;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (natureOf(error) !== "transient") throw error;
        if (signal.aborted) return undefined;
        this.#logger.warn({ err: error, step: what }, "A step failed; it is tried again.");
        await delay(retryMs, signal);
        if (signal.aborted) return undefined;
      }
    }
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#giveUp?.(error);
  }

  /** The outcome of `work`, or the failure of a commit meanwhile, which ends the waiting. */
  async #orFailure<T>(work: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#giveUp = reject;
    work.then(resolve, reject);
    if (this.#failure !== undefined) reject(this.#failure.error);
    return promise;
  }

  async #onFenced(error: Fenced): Promise<void> {
    this.#context.metrics.fenced(error.reason);
    if (error.isForeign) {
      this.#logger.warn({ err: error, epoch: this.#epoch }, "Another process owns the partition.");
      await delay(fencedPatienceMs, this.#stay.signal);
    }
    if (!this.#stay.signal.aborted) throw error;
  }

  #status() {
    return {
      watermarkDelayMs: this.#context.clock.now() - this.#machine.watermark,
      lagRecords: Math.max(Number(this.#stay.endOffset) - this.#nextOffset, 0),
      generation: this.#machine.ruleset?.generation ?? 0,
      cacheBytes: this.#cards.bytes,
      cachedCards: this.#cards.size,
    };
  }
}
