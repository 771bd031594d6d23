import type { Catalogue } from "./catalogue.ts";
import { createRandom, type Random } from "./random.ts";
import { amountSpike } from "./stories/amount-spike.ts";
import { cardTesting } from "./stories/card-testing.ts";
import { ordinaryOrders } from "./stories/ordinary.ts";
import {
  type FraudStory,
  fraudStories,
  type Story,
  type StoryName,
  type StoryOrder,
} from "./stories/story.ts";
import { velocity } from "./stories/velocity.ts";
import { type TestCard, testCard } from "./test-card.ts";

/** Who pays: a payment method that the demo seeds, or a card still to be registered. */
export type PlannedCard =
  | { readonly kind: "seeded"; readonly customerId: string; readonly paymentMethodId: string }
  | { readonly kind: "fresh"; readonly customerId: string; readonly card: TestCard };

/** One order to come. */
export interface PlannedOrder extends StoryOrder {
  readonly story: StoryName;
  /** Which telling of the story; 0 for all ordinary orders. */
  readonly telling: number;
  /** Index into the plan's cards. */
  readonly card: number;
  readonly idempotencyKey: string;
}

/** Everything that will be sent, decided beforehand. */
export interface TrafficPlan {
  readonly currency: string;
  readonly cards: readonly PlannedCard[];
  /** Oldest first. */
  readonly orders: readonly PlannedOrder[];
}

/** What a plan follows from: the same options always give the same plan. */
export interface PlanOptions {
  readonly seed: string;
  /** Start of the run, ms since the epoch; runs of one seed differ in cards and keys by it. */
  readonly startedAtMs: number;
  /** Orders per second, stories included. */
  readonly rate: number;
  readonly durationMs: number;
  readonly catalogue: Catalogue;
}

const stories: Readonly<Record<FraudStory, Story>> = {
  velocity,
  "card-testing": cardTesting,
  "amount-spike": amountSpike,
};
const seededCustomers = 50;
// One telling of every story is about this many orders; they make up a fifth of the traffic at most.
const ordersPerRound = 22;
const shareOfStories = 0.2;
const shortestRoundMs = 20_000;

/** Plans ordinary traffic on the demo's cards, and fraud stories on fresh cards of their own. */
export function planTraffic(options: PlanOptions): TrafficPlan {
  const { seed, startedAtMs, rate, durationMs, catalogue } = options;
  const random = createRandom(seed);
  const cards: PlannedCard[] = Array.from({ length: seededCustomers }, (_, n) => seededCard(n + 1));
  const planted = plantStories(options, random);
  const cardRandom = createRandom(`${seed}/${startedAtMs}/cards`);
  const expYear = new Date(startedAtMs).getUTCFullYear() + 3;
  const fraud = planted.flatMap(({ story, telling, orders }) => {
    const { customerId } = seededCard(cardRandom.between(1, seededCustomers));
    const card = cards.push({ kind: "fresh", customerId, card: testCard(cardRandom, expYear) }) - 1;
    return orders.map((order) => ({ ...order, story, telling, card }));
  });
  const ordinary = ordinaryOrders({
    random: random.fork("ordinary"),
    catalogue,
    rate: Math.max(rate * (1 - shareOfStories), rate - fraud.length / (durationMs / 1000)),
    durationMs,
    cards: seededCustomers,
  }).map((order) => ({ ...order, story: "ordinary" as const, telling: 0 }));
  const orders = [...ordinary, ...fraud]
    .sort((a, b) => a.atMs - b.atMs)
    .map((order, n) => ({ ...order, idempotencyKey: `traffic-${seed}-${startedAtMs}-${n}` }));
  return { currency: catalogue.currency, cards, orders };
}

interface Telling {
  readonly story: FraudStory;
  readonly telling: number;
  readonly orders: readonly StoryOrder[];
}

/** Rounds of one telling of each story; a telling that would not end in time is left out. */
function plantStories(options: PlanOptions, random: Random): readonly Telling[] {
  const { rate, durationMs, catalogue } = options;
  const roundMs = Math.max(shortestRoundMs, (1000 * ordersPerRound) / (shareOfStories * rate));
  const rounds = Math.ceil(durationMs / roundMs);
  return fraudStories.flatMap((story) =>
    Array.from({ length: rounds }, (_, round): Telling => {
      const chance = random.fork(`${story}/${round}`);
      const startMs = Math.round(roundMs * round + chance.next() * Math.min(roundMs, 5_000));
      const orders = stories[story](startMs, { random: chance, catalogue });
      return { story, telling: round, orders };
    }).filter(({ orders }) => (orders.at(-1)?.atMs ?? 0) <= durationMs),
  );
}

function seededCard(n: number): PlannedCard & { readonly kind: "seeded" } {
  const number = String(n).padStart(3, "0");
  return {
    kind: "seeded",
    customerId: `cust_demo_${number}`,
    paymentMethodId: `pm_demo_${number}`,
  };
}
