import fc from "fast-check";
import type { ProviderFaults } from "./services/provider.ts";

/** The services of the saga. */
export const serviceNames = ["order", "payment", "inventory"] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What a customer or an analyst wants of an order, some time after it was placed. */
export interface Wish {
  readonly kind: "cancel" | "release" | "decline" | "refund";
  readonly afterMs: number;
}

/** The story of one order. Customers and products are numbered from 0. */
export interface OrderScript {
  readonly atMs: number;
  readonly customer: number;
  readonly sku: number;
  readonly quantity: number;
  /** Two requests under the same key at the same time. */
  readonly twice: boolean;
  readonly verdict: "APPROVE" | "REVIEW" | "DECLINE";
  /** Null: the scorer never speaks. */
  readonly verdictAfterMs: number | null;
  readonly wishes: readonly Wish[];
}

/** One fault. */
export interface Strike {
  readonly kind:
    | "kill"
    | "stop"
    | "connector-falls-back"
    | "slot-lost"
    | "postgres-restarts"
    | "topic-replayed";
  readonly service: ServiceName;
  readonly atMs: number;
  readonly lastsMs: number;
}

/** What goes wrong all the time while the orders come in. */
export interface Weather extends ProviderFaults {
  /** Share of statements whose connection breaks before, or after, they were carried out. */
  readonly lostRequests: number;
  readonly lostAnswers: number;
  /** How far the clocks of processes may be apart. */
  readonly clockSkewMs: number;
}

/** How patient the shop is. */
export interface Settings {
  readonly holdExpiryMs: number;
  readonly reservationExpiryMs: number;
  readonly providerLimitMs: number;
  readonly declineCap: number;
}

/** Everything that decides a simulation: the same scenario always takes the same course. */
export interface Scenario {
  /** Decides what the rest leaves open: who is how quick, and when what gets lost. */
  readonly seed: number;
  readonly orders: readonly OrderScript[];
  readonly strikes: readonly Strike[];
  readonly weather: Weather;
  readonly settings: Settings;
}

/** Customers have few products between them, and not enough of some. */
export const customers = 12;
export const products = [
  { sku: "sku-0", unitPriceMinor: 400, onHand: 500 },
  { sku: "sku-1", unitPriceMinor: 1_900, onHand: 60 },
  { sku: "sku-2", unitPriceMinor: 7_000, onHand: 20 },
  { sku: "sku-3", unitPriceMinor: 25_000, onHand: 6 },
] as const;

/** How long orders come in and things go wrong, ms. */
export const openMs = 20_000;

const wish: fc.Arbitrary<Wish> = fc.record({
  kind: fc.constantFrom("cancel", "release", "decline", "refund"),
  afterMs: fc.integer({ min: 0, max: 9_000 }),
});

const order: fc.Arbitrary<OrderScript> = fc.record({
  atMs: fc.integer({ min: 0, max: openMs }),
  customer: fc.nat({ max: customers - 1 }),
  sku: fc.nat({ max: products.length - 1 }),
  quantity: fc.integer({ min: 1, max: 3 }),
  twice: fc.boolean(),
  verdict: fc.oneof(
    { weight: 5, arbitrary: fc.constant("APPROVE" as const) },
    { weight: 2, arbitrary: fc.constant("REVIEW" as const) },
    { weight: 2, arbitrary: fc.constant("DECLINE" as const) },
  ),
  verdictAfterMs: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 500 }) },
    { weight: 3, arbitrary: fc.integer({ min: 500, max: 12_000 }) },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  wishes: fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(wish, { minLength: 1, maxLength: 3 }) },
  ),
});

const strike: fc.Arbitrary<Strike> = fc.record({
  kind: fc.constantFrom(
    "kill",
    "kill",
    "stop",
    "connector-falls-back",
    "slot-lost",
    "postgres-restarts",
    "topic-replayed",
  ),
  service: fc.constantFrom(...serviceNames),
  atMs: fc.integer({ min: 0, max: openMs }),
  lastsMs: fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 6_500, max: 15_000 })),
});

const rate = (max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(0), fc.double({ min: 0, max, noNaN: true }));

const weather: fc.Arbitrary<Weather> = fc.record({
  lostRequests: rate(0.01),
  lostAnswers: rate(0.01),
  clockSkewMs: fc.constantFrom(0, 0, 2_000),
  errorRate: rate(0.3),
  silenceRate: rate(0.3),
  refusalRate: rate(0.2),
});

const settings: fc.Arbitrary<Settings> = fc.record({
  holdExpiryMs: fc.constantFrom(4_000, 600_000),
  reservationExpiryMs: fc.constantFrom(1_200_000),
  providerLimitMs: fc.constantFrom(3_000, 20_000),
  declineCap: fc.constantFrom(0, 3, 1_000),
});

/** Scenarios of exactly `orders` orders; those that they shrink to have fewer. */
export function scenarios(orders: number): fc.Arbitrary<Scenario> {
  return fc.record({
    seed: fc.noShrink(fc.nat({ max: 2 ** 31 - 1 })),
    orders: new Full(order, orders),
    strikes: fc.array(strike, { maxLength: 8 }),
    weather,
    settings,
  });
}

/** Arrays of one length, which shrink to shorter ones. */
class Full<T> extends fc.Arbitrary<T[]> {
  readonly #full: fc.Arbitrary<T[]>;
  readonly #shorter: fc.Arbitrary<T[]>;

  constructor(item: fc.Arbitrary<T>, length: number) {
    super();
    this.#full = fc.array(item, { minLength: length, maxLength: length });
    this.#shorter = fc.array(item, { minLength: 1, maxLength: length });
  }

  generate(random: fc.Random, bias: number | undefined): fc.Value<T[]> {
    return new fc.Value(this.#full.generate(random, bias).value, undefined);
  }

  canShrinkWithoutContext(value: unknown): value is T[] {
    return this.#shorter.canShrinkWithoutContext(value);
  }

  shrink(value: T[], context: unknown): fc.Stream<fc.Value<T[]>> {
    return this.#shorter.shrink(value, context);
  }
}
