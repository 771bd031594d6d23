import { delay, natureOf } from "@holdfast/messaging";
import { histogram, type Logger } from "@holdfast/telemetry";
import type { CardCache } from "../domain/card-cache.ts";
import type { PartitionMachine } from "../domain/partition-machine.ts";
import type { Ruleset } from "../domain/ruleset.ts";
import type { DecisionRow, PartitionStore, StateChange } from "../store/partition-store.ts";
import type { Encoded } from "./encode-outputs.ts";
import { Fenced } from "./fenced.ts";
import { takeSnapshot } from "./state-change.ts";

/** When changes are written: whichever comes first. */
export interface CommitLimits {
  /**
   * While the partition is far behind, ten times as long: then nobody waits for a single record, and
   * a card that changes several times is written once.
   */
  readonly intervalMs: number;
  readonly records: number;
}

const patienceBehind = 10;

/** Decisions to be read by id; those that some rule hit are kept first. */
export type PublishedDecisions = Pick<Encoded, "withHits" | "without">;

/** What a group commit works for. */
export interface CommitContext {
  readonly partition: number;
  readonly epoch: number;
  readonly store: PartitionStore;
  readonly machine: PartitionMachine;
  readonly cards: CardCache;
  readonly limits: CommitLimits;
  readonly logger: Logger;
  /** Whether so many records wait to be scored that throughput matters more than the interval. */
  readonly isBehind: () => boolean;
  /** Gives up waiting for the database. */
  readonly signal: AbortSignal;
  /** Called with each position that is written. */
  readonly onCommitted: (nextOffset: number) => void;
  /** Called once when the fence or a bug ended committing. */
  readonly onFailed: (error: unknown) => void;
}

const duration = histogram("fraud_state_commit_duration_seconds");
const retryMs = 250;
/** Decisions kept per commit for reading by id: the hot path stays bounded, the log has them all. */
const maxDecisionsPerCommit = 200;

/**
 * Writes what published batches changed, several batches at a time, while the next ones are read
 * and scored. A snapshot is taken only between batches, when all that was applied is published: state
 * never runs ahead of its outputs.
 *
 * States: clean → pending (published, not written; the timer runs) → writing (one statement under
 * way; new batches make it pending again) → clean | failed.
 */
export class GroupCommit {
  readonly #context: CommitContext;
  #committedOffset: number;
  #committedRuleset: Ruleset | undefined;
  #publishedOffset: number;
  #publishedBatch = 0;
  /** Where the write under way leads. */
  #writingTo: number | undefined;
  #writing: Promise<void> | undefined;
  #decisions: DecisionRow[] = [];
  #timer: NodeJS.Timeout | undefined;
  #intervals = 0;
  #isBetweenBatches = true;
  #failed = false;

  constructor(context: CommitContext, nextOffset: number) {
    this.#context = context;
    this.#committedOffset = nextOffset;
    this.#publishedOffset = nextOffset;
    this.#committedRuleset = context.machine.ruleset;
  }

  /** Records that are published and not written yet. */
  get pendingRecords(): number {
    return this.#publishedOffset - this.#committedOffset;
  }

  /** The offset up to which state is written. */
  get committedOffset(): number {
    return this.#committedOffset;
  }

  /** Whether a read that began at `since` may find the position row at `offset`. */
  expects(offset: number, since: number): boolean {
    return offset >= since && offset <= (this.#writingTo ?? this.#committedOffset);
  }

  /** From here until `published` the machine's state must not be written. */
  batchBegins(): void {
    this.#isBetweenBatches = false;
  }

  /** All outputs of the batch are on the log. */
  published(batch: number, nextOffset: number, decisions: PublishedDecisions): void {
    this.#isBetweenBatches = true;
    this.#publishedBatch = batch;
    this.#publishedOffset = nextOffset;
    this.#keep(decisions.withHits);
    this.#keep(decisions.without);
    if (this.pendingRecords >= this.#context.limits.records) this.#begin();
    else this.#startTimer();
  }

  /** Waits until the write under way is over. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Writes all that is published. Only between batches; a batch that is open is not included. */
  async flush(): Promise<void> {
    await this.#writing;
    this.#begin();
    await this.#writing;
  }

  /** Writes nothing any more, whatever is pending. */
  end(): void {
    this.#failed = true;
    clearTimeout(this.#timer);
  }

  #keep(decisions: readonly DecisionRow[]): void {
    const room = maxDecisionsPerCommit - this.#decisions.length;
    this.#decisions.push(...decisions.slice(0, Math.max(room, 0)));
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#intervals += 1;
    if (this.#context.isBehind() && this.#intervals < patienceBehind) this.#startTimer();
    else if (this.#isBetweenBatches) this.#begin();
    // Else the batch's `published` starts the timer again, or commits by count.
  }

  #startTimer(): void {
    this.#timer ??= setTimeout(() => this.#onTimer(), this.#context.limits.intervalMs);
  }

  #begin(): void {
    if (this.#writing !== undefined || this.#failed || this.pendingRecords === 0) return;
    if (!this.#isBetweenBatches) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#intervals = 0;
    this.#writing = this.#write()
      .catch((error: unknown) => {
        this.#failed = true;
        this.#context.onFailed(error);
      })
      .finally(() => {
        this.#writing = undefined;
        this.#writingTo = undefined;
        if (this.pendingRecords > 0 && !this.#failed) this.#startTimer();
      });
  }

  async #write(): Promise<void> {
    const { partition, epoch, machine, cards } = this.#context;
    const since = { batch: this.#publishedBatch, ruleset: this.#committedRuleset };
    const snapshot = takeSnapshot(machine, cards, since);
    const nextOffset = this.#publishedOffset;
    const decisions = this.#decisions;
    this.#decisions = [];
    this.#writingTo = nextOffset;
    const startedAt = performance.now();
    await this.#writeUntilAnswered({
      ...snapshot.change,
      partition,
      epoch,
      fromOffset: this.#committedOffset,
      nextOffset,
      decisions,
    });
    duration.record((performance.now() - startedAt) / 1000);
    cards.acknowledge(
      snapshot.change.cards.map(({ card }) => card),
      snapshot.batch,
    );
    this.#committedOffset = nextOffset;
    this.#committedRuleset = snapshot.ruleset;
    this.#context.onCommitted(nextOffset);
  }

  async #writeUntilAnswered(change: StateChange): Promise<void> {
    const { store, signal, logger, partition } = this.#context;
    for (;;) {
      try {
        if (await store.write(change)) return;
        await this.#confirm(change);
        return;
      } catch (error) {
        if (natureOf(error) !== "transient" || signal.aborted) throw error;
        logger.warn({ err: error, partition }, "State could not be written; it is tried again.");
        await delay(retryMs, signal);
      }
    }
  }

  /** Nothing was written: either a lost answer hid an earlier success, or the partition is foreign. */
  async #confirm(change: StateChange): Promise<void> {
    const { store, partition } = this.#context;
    const { epoch, nextOffset } = await store.position(partition);
    if (epoch === change.epoch && nextOffset === change.nextOffset) return;
    throw new Fenced("write", { partition, epoch: change.epoch, foreignEpoch: epoch });
  }
}
