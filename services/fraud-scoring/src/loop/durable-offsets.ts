import { type AssignedPartition, delay } from "@holdfast/messaging";
import type { PartitionStore } from "../store/partition-store.ts";

/**
 * Tells Kafka where reading may go on after a restart. Commits do not wait for the disk, so a crash of
 * Postgres may set a position back; Kafka's offset, which must never go back, follows only what a
 * crash cannot take away any more. It is a hint all the same: the position row decides.
 */
export class DurableOffsets {
  readonly #store: Pick<PartitionStore, "durable">;
  readonly #intervalMs: number;
  readonly #waiting = new Map<AssignedPartition, number>();
  #round: Promise<void> | undefined;

  /** Asks the store at most once per `intervalMs`, for all stays together. */
  constructor(store: Pick<PartitionStore, "durable">, intervalMs: number) {
    this.#store = store;
    this.#intervalMs = intervalMs;
  }

  /** The stay's work is written up to `nextOffset`: Kafka is told when that is on the disk. */
  note(stay: AssignedPartition, nextOffset: number): void {
    this.#waiting.set(stay, nextOffset);
    this.#round ??= this.#tellLater(stay.signal);
  }

  async #tellLater(signal: AbortSignal): Promise<void> {
    await delay(this.#intervalMs, signal);
    this.#round = undefined;
    await this.tell();
  }

  /** Tells at once what waits. Never rejects: what the database does not answer for waits on. */
  async tell(): Promise<void> {
    const told = [...this.#waiting];
    this.#waiting.clear();
    if (told.length === 0) return;
    const positions = told.map(([{ partition }, nextOffset]) => ({ partition, nextOffset }));
    const durable = await this.#store.durable(positions).catch(() => undefined);
    for (const [stay, nextOffset] of told) {
      if (durable?.has(stay.partition)) stay.commit(String(nextOffset));
      else if (durable === undefined) this.#waitOn(stay, nextOffset);
    }
  }

  #waitOn(stay: AssignedPartition, nextOffset: number): void {
    if (!stay.signal.aborted && !this.#waiting.has(stay)) this.note(stay, nextOffset);
  }
}
