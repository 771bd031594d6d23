import type { Card } from "./card.ts";
import { TimerQueue } from "./timer-queue.ts";

/** A card's place in one of the two rings; a ring's own head holds no card. */
class Place {
  card: Card | undefined;
  isDirty = false;
  older: Place = this;
  newer: Place = this;

  constructor(card?: Card) {
    this.card = card;
  }

  moveTo(head: Place): void {
    this.older.newer = this.newer;
    this.newer.older = this.older;
    this.older = head.older;
    this.newer = head;
    head.older.newer = this;
    head.older = this;
  }

  leave(): void {
    this.older.newer = this.newer;
    this.newer.older = this.older;
    this.older = this;
    this.newer = this;
  }
}

/**
 * The cards of one partition that are in memory. A card is clean (as in the database) or dirty
 * (changed since; it stays until a commit that holds the change is acknowledged). Only clean cards
 * are evicted, the least recently used first, and only between batches.
 *
 * get: clean → moves to the young end · change: clean → dirty · acknowledge: dirty → clean, unless
 * it has changed again. One map and two rings, so that none of this makes or drops an object.
 */
export class CardCache {
  readonly #places = new Map<string, Place>();
  /** From the head on: in order of use, oldest first. */
  readonly #clean = new Place();
  readonly #dirty = new Place();
  readonly #timers = new TimerQueue();
  #dirtyCount = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Timers that are remembered, outdated ones included. */
  get timerCount(): number {
    return this.#timers.size;
  }

  get dirtyCount(): number {
    return this.#dirtyCount;
  }

  has(fingerprint: string): boolean {
    return this.#places.has(fingerprint);
  }

  get(fingerprint: string): Card | undefined {
    const place = this.#places.get(fingerprint);
    if (place === undefined) return undefined;
    if (!place.isDirty) place.moveTo(this.#clean);
    return place.card;
  }

  /** Takes in a card as the database has it; a card that is here already is newer and stays. */
  addClean(card: Card): void {
    if (this.#places.has(card.fingerprint)) return;
    this.#add(card).moveTo(this.#clean);
    this.#remind(card);
  }

  #add(card: Card): Place {
    const place = new Place(card);
    this.#places.set(card.fingerprint, place);
    this.#bytes += card.bytes;
    return place;
  }

  /** Says that `card` changed in batch `sequence`, and that its `dueAt` may have. */
  change(card: Card, sequence: number, dueBefore: number | undefined): void {
    card.changedIn = sequence;
    const place = this.#places.get(card.fingerprint) ?? this.#add(card);
    if (!place.isDirty) {
      place.isDirty = true;
      place.moveTo(this.#dirty);
      this.#dirtyCount += 1;
    }
    if (card.dueAt !== dueBefore) this.#remind(card);
  }

  *dirty(): Iterable<Card> {
    for (let place = this.#dirty.newer; place.card !== undefined; place = place.newer) {
      yield place.card;
    }
  }

  *all(): Iterable<Card> {
    for (const { card } of this.#places.values()) if (card !== undefined) yield card;
  }

  resize(card: Card, bytes: number): void {
    this.#bytes += bytes - card.bytes;
    card.bytes = bytes;
  }

  /** A commit with all changes up to batch `sequence` is acknowledged. */
  acknowledge(cards: Iterable<Card>, sequence: number): void {
    for (const card of cards) {
      if (card.changedIn > sequence) continue;
      const place = this.#places.get(card.fingerprint);
      if (place?.card !== card || !place.isDirty) continue;
      place.isDirty = false;
      place.moveTo(this.#clean);
      this.#dirtyCount -= 1;
    }
  }

  /** Drops the least recently used clean cards until at most `budget` bytes are used. */
  evict(budget: number): void {
    while (this.#bytes > budget) {
      const place = this.#clean.newer;
      if (place.card === undefined) break;
      place.leave();
      this.#places.delete(place.card.fingerprint);
      this.#bytes -= place.card.bytes;
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
      const card = this.#places.get(timer.card)?.card;
      if (card?.dueAt === timer.dueAt) return card;
    }
  }

  #remind(card: Card): void {
    if (card.dueAt !== undefined) {
      this.#timers.push({ dueAt: card.dueAt, card: card.fingerprint });
    }
  }

  *#wishes(): Iterable<{ dueAt: number; card: string }> {
    for (const { card } of this.#places.values()) {
      if (card?.dueAt !== undefined) yield { dueAt: card.dueAt, card: card.fingerprint };
    }
  }
}
