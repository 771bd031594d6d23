import { describe, expect, test } from "@jest/globals";
import { quietCardEngine } from "../testing/quiet-card-engine.ts";
import { type Card, encodeCard, newCard } from "./card.ts";
import { CardCache, overheadBytes } from "./card-cache.ts";

const engine = quietCardEngine(1);

function stored(fingerprint: string, fields: Partial<Card> = {}): [string, Buffer] {
  return [fingerprint, encodeCard({ ...newCard(fingerprint, engine), ...fields })];
}

function cacheOf(...cards: [string, Buffer][]): CardCache {
  const cache = new CardCache();
  for (const [fingerprint, state] of cards) cache.addStored(fingerprint, state);
  return cache;
}

/** Changes a card as a batch of its own. */
function change(cache: CardCache, batch: number, [card, fields]: [string, Partial<Card>]): void {
  const open = cache.open(card, engine) ?? cache.add(card, engine);
  cache.change(Object.assign(open, fields));
  cache.rest(batch);
}

const held = (cache: CardCache, names: string[]) => names.filter((name) => cache.has(name));
const due = (cache: CardCache, watermark: number) => cache.takeDue(watermark, engine)?.fingerprint;

describe("a cache of cards", () => {
  test("evicts the least recently used, down to its budget", () => {
    const cache = cacheOf(stored("a"), stored("b"), stored("c"));
    const each = overheadBytes + stored("a")[1].length;
    expect(cache.bytes).toBe(3 * each);
    cache.open("a", engine);
    cache.rest(1);
    cache.evict(2 * each);
    expect(held(cache, ["a", "b", "c"])).toEqual(["a", "c"]);
    expect(cache.bytes).toBe(2 * each);
  });

  test("never evicts a dirty card before a commit that holds its last change is acknowledged", () => {
    const cache = new CardCache();
    change(cache, 1, ["a", {}]);
    change(cache, 2, ["a", {}]);
    cache.acknowledge(["a"], 1);
    cache.evict(0);
    expect(cache.has("a")).toBe(true);
    cache.acknowledge(["a"], 2);
    cache.evict(0);
    expect(cache.has("a")).toBe(false);
    expect(cache.bytes).toBe(0);
  });

  test("a card is one object within a batch, and its changes outlast the batch", () => {
    const cache = cacheOf(stored("a"));
    const card = cache.open("a", engine) as Card;
    card.customerId = "cust_é";
    cache.change(card);
    expect(cache.open("a", engine)).toBe(card);
    cache.rest(1);
    expect(cache.open("a", engine)).not.toBe(card);
    expect(cache.open("a", engine)?.customerId).toBe("cust_é");
    expect([...cache.dirty()].map(({ fingerprint }) => fingerprint)).toEqual(["a"]);
  });

  test("a card rests early once the work has paused without having touched it", () => {
    const cache = cacheOf(stored("a"), stored("b"));
    const idle = cache.open("a", engine) as Card;
    idle.customerId = "cust_a";
    cache.change(idle);
    const busy = cache.open("b", engine);
    cache.restIdle(1);
    expect(cache.open("b", engine)).toBe(busy);
    cache.restIdle(1);
    expect(cache.open("b", engine)).toBe(busy);
    expect(cache.open("a", engine)).not.toBe(idle);
    expect(cache.open("a", engine)?.customerId).toBe("cust_a");
    cache.rest(1);
    expect([...cache.dirty()].map(({ fingerprint }) => fingerprint)).toEqual(["a"]);
  });

  test("what no batch has changed is as before, and nothing when it was never seen", () => {
    const cache = cacheOf(stored("a", { customerId: "kept" }));
    Object.assign(cache.open("a", engine) as Card, { customerId: "lost" });
    cache.add("b", engine);
    cache.rest(1);
    expect(cache.open("a", engine)?.customerId).toBe("kept");
    expect(cache.has("b")).toBe(false);
    expect(cache.dirtyCount).toBe(0);
  });

  test("keeps the card that it has when an older copy is loaded", () => {
    const cache = cacheOf(stored("a", { customerId: "new" }));
    cache.addStored(...stored("a", { customerId: "old" }));
    expect(cache.open("a", engine)?.customerId).toBe("new");
  });

  test("wakes cards in the order of their times, those that changed at the new time alone", () => {
    const cache = cacheOf(stored("a", { dueAt: 20 }), stored("b", { dueAt: 10 }));
    change(cache, 1, ["b", { dueAt: 30 }]);
    expect(due(cache, 19)).toBeUndefined();
    expect(due(cache, 30)).toBe("a");
    expect(due(cache, 30)).toBe("b");
    expect(due(cache, 30)).toBeUndefined();
  });

  test("does not wake what was evicted: the database knows when it is due", () => {
    const cache = cacheOf(stored("a", { dueAt: 10 }));
    cache.evict(0);
    expect(due(cache, 10)).toBeUndefined();
  });

  test("outdated timers do not pile up", () => {
    const cache = cacheOf(stored("a"));
    for (let dueAt = 1; dueAt <= 5_000; dueAt += 1) {
      change(cache, dueAt, ["a", { dueAt }]);
      cache.evict(10_000);
    }
    expect(cache.timerCount).toBeLessThan(1_100);
    expect(due(cache, 5_000)).toBe("a");
  });

  test("refuses foreign bytes", () => {
    expect(() => cacheOf(["a", Buffer.from("noise")])).toThrow("format");
  });
});
