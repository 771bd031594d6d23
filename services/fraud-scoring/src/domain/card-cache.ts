import type { Engine } from "@holdfast/cep";
import { type Card, decodeCard, encodeCard, newCard, timesOf } from "./card.ts";
import { TimerQueue } from "./timer-queue.ts";

/** A card as it lies in memory between two batches. */
export interface RestingCard {
  readonly fingerprint: string;
  /** What `encodeCard` wrote, a byte a character. */
  readonly state: string;
  /** As in Card. */
  readonly dueAt: number | undefined;
  readonly expiresAt: number;
}

/** Memory of a resting card besides its bytes, by measurement: its place, its name, its timer. */
export const overheadBytes = 350;

/** A card's place in one of the two rings; a ring's own head is no card's. */
class Place implements RestingCard {
  readonly fingerprint: string;
  /** Empty until the first change of a card that was never seen. */
  state = "";
  dueAt: number | undefined = undefined;
  expiresAt = Number.POSITIVE_INFINITY;
  /** The card while a batch works on it. */
  card: Card | undefined = undefined;
  /** Whether the batch at hand has changed the card. */
  isChanged = false;
  /** Whether the work has touched the open card since its last pause. */
  isTouched = false;
  isDirty = false;
  /** The batch that changed it last; what is committed later includes the change. */
  changedIn = 0;
  older: Place = this;
  newer: Place = this;

  constructor(fingerprint: string) {
    this.fingerprint = fingerprint;
  }

  get bytes(): number {
    return this.state === "" ? 0 : overheadBytes + this.state.length;
  }

  moveTo(head: Place): void {
    this.leave();
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
 * The cards of one partition that are in memory. A card is open while a batch works on it, and rests
 * as its bytes afterwards: open cards are graphs of many small objects, and the garbage
 * collector, which must walk through all that live long, would stop everything else for it. The bytes
 * are strings because those are the one thing that the collector neither walks through nor gives a
 * memory of its own.
 *
 * A resting card is clean (as in the database) or dirty (changed since; it stays until a commit that
 * holds the change is acknowledged). Only clean cards are evicted, the least recently used first, and
 * only between batches.
 *
 * open: resting → open · rest: open → dirty, when it changed, else as before · acknowledge: dirty →
 * clean, unless it has changed again.
 */
export class CardCache {
  readonly #places = new Map<string, Place>();
  /** From the head on: in order of use, oldest first. */
  readonly #clean = new Place("");
  readonly #dirty = new Place("");
  readonly #timers = new TimerQueue();
  #opened: Place[] = [];
  #dirtyCount = 0;
  #bytes = 0;

  /** Memory of all that rests. */
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

  /**
   * Takes in a card as the database has it; a card that is here already is newer and stays. Throws on
   * foreign bytes.
   */
  addStored(fingerprint: string, state: Buffer): void {
    if (this.#places.has(fingerprint)) return;
    const { dueAt, expiresAt } = timesOf(state);
    const place = this.#add(fingerprint);
    place.dueAt = dueAt;
    place.expiresAt = expiresAt;
    this.#lay(place, state);
    this.#remind(place);
  }

  /** The card, to be worked on by the batch at hand: under `engine`, unless that batch has opened it before. */
  open(fingerprint: string, engine: Engine): Card | undefined {
    const place = this.#places.get(fingerprint);
    if (place === undefined) return undefined;
    if (!place.isDirty) place.moveTo(this.#clean);
    return this.#open(place, engine);
  }

  /** Opens a card that was never seen. It is forgotten at the end of the batch unless it changes. */
  add(fingerprint: string, engine: Engine): Card {
    const place = this.#add(fingerprint);
    place.card = newCard(fingerprint, engine);
    place.isTouched = true;
    this.#opened.push(place);
    return place.card;
  }

  #add(fingerprint: string): Place {
    const place = new Place(fingerprint);
    this.#places.set(fingerprint, place);
    place.moveTo(this.#clean);
    return place;
  }

  #open(place: Place, engine: Engine): Card {
    place.isTouched = true;
    if (place.card === undefined) {
      // Not a shared scratch: an engine may keep parts of what it reads.
      place.card = decodeCard(place.fingerprint, Buffer.from(place.state, "latin1"), engine);
      this.#opened.push(place);
    }
    return place.card;
  }

  /** Says that an open card has changed, its `dueAt` included. */
  change(card: Card): void {
    const place = this.#places.get(card.fingerprint);
    if (place?.card !== card) throw new Error("A card changed that no batch has opened");
    place.isChanged = true;
    if (card.dueAt === place.dueAt) return;
    place.dueAt = card.dueAt;
    this.#remind(place);
  }

  /** Ends the work of `batch`: what it changed is dirty, and nothing is open any more. */
  rest(batch: number): void {
    for (const place of this.#opened) this.#rest(place, batch);
    this.#opened = [];
  }

  /**
   * A pause in the work of `batch`: cards that nothing has touched since the pause before rest early.
   * What is open for long survives the collector's first look, and is copied and walked through.
   */
  restIdle(batch: number): void {
    let kept = 0;
    for (const place of this.#opened) {
      if (place.isTouched) {
        place.isTouched = false;
        this.#opened[kept++] = place;
      } else this.#rest(place, batch);
    }
    this.#opened.length = kept;
  }

  #rest(place: Place, batch: number): void {
    if (place.isChanged && place.card !== undefined) this.#keep(place, place.card, batch);
    else if (place.state === "") this.#drop(place);
    place.card = undefined;
    place.isChanged = false;
  }

  #keep(place: Place, card: Card, batch: number): void {
    place.expiresAt = card.expiresAt;
    place.changedIn = batch;
    this.#lay(place, encodeCard(card));
    if (place.isDirty) return;
    place.isDirty = true;
    place.moveTo(this.#dirty);
    this.#dirtyCount += 1;
  }

  #lay(place: Place, state: Buffer): void {
    this.#bytes -= place.bytes;
    place.state = state.toString("latin1");
    this.#bytes += place.bytes;
  }

  #drop(place: Place): void {
    place.leave();
    this.#places.delete(place.fingerprint);
    this.#bytes -= place.bytes;
  }

  /** Between batches. */
  *dirty(): Iterable<RestingCard> {
    for (let place = this.#dirty.newer; place !== this.#dirty; place = place.newer) yield place;
  }

  /** Between batches. */
  all(): Iterable<RestingCard> {
    return this.#places.values();
  }

  /** A commit with all changes of these cards up to `batch` is acknowledged. */
  acknowledge(fingerprints: Iterable<string>, batch: number): void {
    for (const fingerprint of fingerprints) {
      const place = this.#places.get(fingerprint);
      if (place === undefined || !place.isDirty || place.changedIn > batch) continue;
      place.isDirty = false;
      place.moveTo(this.#clean);
      this.#dirtyCount -= 1;
    }
  }

  /** Drops the least recently used clean cards until at most `budget` bytes are used. Between batches. */
  evict(budget: number): void {
    while (this.#bytes > budget) {
      const place = this.#clean.newer;
      if (place === this.#clean) break;
      this.#drop(place);
    }
    if (this.#timers.size > 1000 + 2 * this.size) this.#timers.reset(this.#wishes());
  }

  /** Opens the first card, by (due time, name), that waits for `watermark` or less. */
  takeDue(watermark: number, engine: Engine): Card | undefined {
    for (;;) {
      const timer = this.#timers.peek();
      if (timer === undefined || timer.dueAt > watermark) return undefined;
      this.#timers.pop();
      // A card that is not here was evicted: its timer is in the database, and loaded when due.
      const place = this.#places.get(timer.card);
      if (place?.dueAt === timer.dueAt) return this.#open(place, engine);
    }
  }

  /** Whether a card may wait for `watermark` or less; false is certain. */
  mayBeDue(watermark: number): boolean {
    const first = this.#timers.peek();
    return first !== undefined && first.dueAt <= watermark;
  }

  #remind({ dueAt, fingerprint }: Place): void {
    if (dueAt !== undefined) this.#timers.push({ dueAt, card: fingerprint });
  }

  *#wishes(): Iterable<{ dueAt: number; card: string }> {
    for (const { dueAt, fingerprint } of this.#places.values()) {
      if (dueAt !== undefined) yield { dueAt, card: fingerprint };
    }
  }
}
