import type { Card } from "./card.ts";
import { TimerQueue } from "./timer-queue.ts";

/**
 * The cards of one partition that are in memory. A card is clean (as in the database) or dirty
 * (changed since; it stays until a commit that holds the change is acknowledged). Only clean cards
 * are evicted, the least recently used first, and only between batches.
 *
 * get: clean → moves to the young end · change: clean → dirty · acknowledge: dirty → clean, unless
 * it has changed again.
 */
export class CardCache {
  /** In order of use, oldest first. */
  readonly #clean = new Map<string, Card>();
  readonly #dirty = new Map<string, Card>();
  readonly #timers = new TimerQueue();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#clean.size + this.#dirty.size;
  }

  /** Timers that are remembered, outdated ones included. */
  get timerCount(): number {
    return this.#timers.size;
  }

  get dirtyCount(): number {
    return this.#dirty.size;
  }

  has(fingerprint: string): boolean {
    return this.#dirty.has(fingerprint) || this.#clean.has(fingerprint);
  }

  get(fingerprint: string): Card | undefined {
    const dirty = this.#dirty.get(fingerprint);
    if (dirty !== undefined) return dirty;
    const card = this.#clean.get(fingerprint);
    if (card === undefined) return undefined;
    this.#clean.delete(fingerprint);
    this.#clean.set(fingerprint, card);
    return card;
  }

  /** Takes in a card as the database has it; a card that is here already is newer and stays. */
  addClean(card: Card): void {
    if (this.has(card.fingerprint)) return;
    this.#clean.set(card.fingerprint, card);
    this.#bytes += card.bytes;
    this.#remind(card);
  }

  /** Says that `card` changed in batch `sequence`, and that its `dueAt` may have. */
  change(card: Card, sequence: number, dueBefore: number | undefined): void {
    card.changedIn = sequence;
    if (!this.#dirty.has(card.fingerprint)) {
      if (!this.#clean.delete(card.fingerprint)) this.#bytes += card.bytes;
      this.#dirty.set(card.fingerprint, card);
    }
    if (card.dueAt !== dueBefore) this.#remind(card);
  }

  dirty(): Iterable<Card> {
    return this.#dirty.values();
  }

  resize(card: Card, bytes: number): void {
    this.#bytes += bytes - card.bytes;
    card.bytes = bytes;
  }

  /** A commit with all changes up to batch `sequence` is acknowledged. */
  acknowledge(cards: Iterable<Card>, sequence: number): void {
    for (const card of cards) {
      if (card.changedIn > sequence || this.#dirty.get(card.fingerprint) !== card) continue;
      this.#dirty.delete(card.fingerprint);
      this.#clean.set(card.fingerprint, card);
    }
  }

  /** Drops the least recently used clean cards until at most `budget` bytes are used. */
  evict(budget: number): void {
    if (this.#bytes > budget) {
      for (const [fingerprint, card] of this.#clean) {
        if (this.#bytes <= budget) break;
        this.#clean.delete(fingerprint);
        this.#bytes -= card.bytes;
      }
    }
    if (this.#timers.size > 1000 + 2 * this.size) this.#timers.reset(this.#wishes());
  }

  /** The first card, by (due time, name), that waits for `watermark` or less. */
  takeDue(watermark: number): Card | undefined {
    for (;;) {
      const timer = this.#timers.peek();
      if (timer === undefined || timer.dueAt > watermark) return undefined;
      this.#timers.pop();
      // A card that is not here was evicted: its timer is in the database, and loaded when due.
      const card = this.#dirty.get(timer.card) ?? this.#clean.get(timer.card);
      if (card?.dueAt === timer.dueAt) return card;
    }
  }

  #remind(card: Card): void {
    if (card.dueAt !== undefined) {
      this.#timers.push({ dueAt: card.dueAt, card: card.fingerprint });
    }
  }

  *#wishes(): Iterable<{ dueAt: number; card: string }> {
    for (const cards of [this.#clean, this.#dirty]) {
      for (const { dueAt, fingerprint } of cards.values()) {
        if (dueAt !== undefined) yield { dueAt, card: fingerprint };
      }
    }
  }
}
