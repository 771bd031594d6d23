import { delay } from "./assigned-partition.ts";

/** Where a partition is read from after a restart. */
export interface PartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

export interface OffsetRoundsOptions {
  /** Rounds follow each other no faster. */
  readonly intervalMs: number;
  /** Aborted when the process stops: from then on nothing waits for its round. */
  readonly stopping: AbortSignal;
  readonly send: (offsets: readonly PartitionOffset[]) => Promise<void>;
}

/**
 * Commits the offsets of a member's partitions together, round by round: a request costs member and
 * broker the same for one partition as for all.
 */
export class OffsetRounds {
  readonly #options: OffsetRoundsOptions;
  #gathered: PartitionOffset[] = [];
  #round: Promise<void> | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(options: OffsetRoundsOptions) {
    this.#options = options;
  }

  /** Resolves when the offset is committed or forgotten, rejects when its round failed. */
  commit(offset: PartitionOffset): Promise<void> {
    this.#gathered.push(offset);
    this.#round ??= this.#run();
    return this.#round;
  }

  /** Drops the offsets that wait: their partitions may be another member's by now. */
  forget(): void {
    this.#gathered = [];
  }

  async #run(): Promise<void> {
    const { intervalMs, stopping, send } = this.#options;
    await delay(Math.max(0, this.#lastAt + intervalMs - performance.now()), stopping);
    // From here on others belong to the next round, which does not wait for this one's answer.
    this.#lastAt = performance.now();
    this.#round = undefined;
    const offsets = this.#gathered;
    this.#gathered = [];
    if (offsets.length > 0) await send(offsets);
  }
}
