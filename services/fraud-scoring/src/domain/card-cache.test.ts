import { describe, expect, test } from "@jest/globals";
import { quietCardEngine } from "../testing/quiet-card-engine.ts";
import { type Card, newCard } from "./card.ts";
import { CardCache } from "./card-cache.ts";

const engine = quietCardEngine(1);

function card(fingerprint: string, fields: Partial<Card> = {}): Card {
  return { ...newCard(fingerprint, engine), bytes: 100, ...fields };
}

function cacheOf(...cards: Card[]): CardCache {
  const cache = new CardCache();
  for (const one of cards) cache.addClean(one);
  return cache;
}

const held = (cache: CardCache, names: string[]) => names.filter((name) => cache.has(name));

describe("a cache of cards", () => {
  test("evicts the least recently used, down to its budget", () => {
    const cache = cacheOf(card("a"), card("b"), card("c"));
    cache.get("a");
    cache.evict(200);
    expect(held(cache, ["a", "b", "c"])).toEqual(["a", "c"]);
    expect(cache.bytes).toBe(200);
  });

  test("never evicts a dirty card before a commit that holds its last change is acknowledged", () => {
    const a = card("a");
    const cache = cacheOf(a);
    cache.change(a, 1, undefined);
    cache.change(a, 2, undefined);
    cache.acknowledge([a], 1);
    cache.evict(0);
    expect(cache.has("a")).toBe(true);
    cache.acknowledge([a], 2);
    cache.evict(0);
    expect(cache.has("a")).toBe(false);
    expect(cache.bytes).toBe(0);
  });

  test("keeps the card that it has when an older copy is loaded", () => {
    const a = card("a", { customerId: "new" });
    const cache = cacheOf(a);
    cache.addClean(card("a", { customerId: "old" }));
    expect(cache.get("a")?.customerId).toBe("new");
  });

  test("wakes cards in the order of their times, those that changed at the new time alone", () => {
    const [a, b] = [card("a", { dueAt: 20 }), card("b", { dueAt: 10 })];
    const cache = cacheOf(a, b);
    b.dueAt = 30;
    cache.change(b, 1, 10);
    expect(cache.takeDue(19)).toBeUndefined();
    expect(cache.takeDue(30)).toBe(a);
    expect(cache.takeDue(30)).toBe(b);
    expect(cache.takeDue(30)).toBeUndefined();
  });

  test("does not wake what was evicted: the database knows when it is due", () => {
    const cache = cacheOf(card("a", { dueAt: 10 }));
    cache.evict(0);
    expect(cache.takeDue(10)).toBeUndefined();
  });

  test("outdated timers do not pile up", () => {
    const a = card("a");
    const cache = cacheOf(a);
    for (let dueAt = 1; dueAt <= 5_000; dueAt += 1) {
      const before = a.dueAt;
      a.dueAt = dueAt;
      cache.change(a, dueAt, before);
      cache.evict(1_000);
    }
    expect(cache.timerCount).toBeLessThan(1_100);
    expect(cache.takeDue(5_000)).toBe(a);
  });
});
