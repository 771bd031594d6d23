import type { Catalogue } from "../catalogue.ts";
import type { Random } from "../random.ts";
import type { StoryOrder } from "./story.ts";

/** What ordinary traffic is made of. */
export interface OrdinaryOptions {
  readonly random: Random;
  readonly catalogue: Catalogue;
  /** Orders per second on average; arrivals are a Poisson process. */
  readonly rate: number;
  readonly durationMs: number;
  /** How many cards order. */
  readonly cards: number;
}

/** An ordinary order and which of the cards pays it. */
export interface OrdinaryOrder extends StoryOrder {
  readonly card: number;
}

// One card in ten belongs to somebody who spends more than 100.00 at a time, but not again within a
// minute: ordinary customers must not look like a planted story.
const wealthyEvery = 10;
const wealthyGapMs = 61_000;

/** Customers with habits: each card spends about its own typical amount. Oldest first. */
export function ordinaryOrders(options: OrdinaryOptions): readonly OrdinaryOrder[] {
  const { random, catalogue, rate, durationMs, cards } = options;
  const habits = Array.from({ length: cards }, (_, card) => habitOf(card, random));
  const lastWealthyMs = new Map<number, number>();
  const orders: OrdinaryOrder[] = [];
  for (let atMs = nextGap(); atMs < durationMs; atMs += nextGap()) {
    const card = cardAt(atMs);
    const typical = habits[card] as number;
    const basket = catalogue.basketBetween(typical * 0.7, typical * 1.4, random);
    orders.push({ atMs: Math.round(atMs), card, ...basket });
  }
  return orders;

  function nextGap(): number {
    return random.exponential(rate / 1000);
  }

  function cardAt(atMs: number): number {
    const card = random.between(0, cards - 1);
    if (card % wealthyEvery !== 0) return card;
    if (atMs - (lastWealthyMs.get(card) ?? -wealthyGapMs) >= wealthyGapMs) {
      lastWealthyMs.set(card, atMs);
      return card;
    }
    return card + 1 < cards ? card + 1 : card - 1;
  }
}

/** The typical amount of a card, in minor units; 1.4 times of it stays below 100.00 for most. */
function habitOf(card: number, random: Random): number {
  const wealthy = card % wealthyEvery === 0;
  return wealthy ? random.between(16_000, 40_000) : random.between(800, 7_000);
}
