import { createRandom, type Random, runOpenLoop } from "@holdfast/traffic";
import { call, textOf } from "../chaos/http.ts";
import { quiesce } from "../chaos/quiesce.ts";
import type { CardOnFile, Shelf } from "../chaos/shelf.ts";
import type { Suite } from "../command/suite.ts";
import { type Latency, latencyOf } from "./figures.ts";
import type { Sightings } from "./sightings.ts";

/** What one run at one rate found. Latencies count from the intended time of the request. */
export interface RunFigures {
  readonly sent: number;
  readonly accepted: number;
  readonly post: Latency;
  readonly decision: Latency;
  readonly confirmed: Latency;
  readonly alert: Latency;
  /** From the end of the load until every queue was empty; null when it took longer than the limit. */
  readonly drainedMs: number | null;
}

export interface RunOptions {
  readonly suite: Suite;
  readonly shelf: Shelf;
  readonly sightings: Sightings;
  readonly cards: readonly CardOnFile[];
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly seed: string;
}

interface Order {
  readonly atMs: number;
  readonly card: number;
  readonly sku: string;
  readonly key: string;
}

const drainLimitMs = 60_000;
const maxOutstanding = 2_000;
/** So that alerts have something to be raised on: four dear payments on one card. */
const secondsPerFraud = 2;

/** Sends orders in an open loop and waits until nothing moves any more. */
export async function runAtRate(options: RunOptions): Promise<RunFigures> {
  const { suite, sightings } = options;
  const items = planOrders(options, createRandom(options.seed));
  const beganMs = performance.now();
  const sent = await runOpenLoop({
    items,
    send: (order) => place(order, options),
    maxOutstanding,
  });
  const rest = await quiesce(suite, drainLimitMs);
  const accepted = sent.filter(({ result }) => result !== null);
  const since = (name: "decidedMs" | "confirmedMs" | "alertedMs") =>
    accepted.flatMap(({ result, intendedMs }) => {
      const seenMs = sightings.of(result ?? "")[name];
      return seenMs === undefined ? [] : [seenMs - beganMs - intendedMs];
    });
  return {
    sent: sent.length,
    accepted: accepted.length,
    post: latencyOf(sent.map(({ endedMs, intendedMs }) => endedMs - intendedMs)),
    decision: latencyOf(since("decidedMs")),
    confirmed: latencyOf(since("confirmedMs")),
    alert: latencyOf(since("alertedMs")),
    drainedMs: rest.unrest.length === 0 ? rest.tookMs : null,
  };
}

function planOrders(options: RunOptions, random: Random): Order[] {
  const { ratePerSecond, seconds, cards, shelf } = options;
  const orders = Array.from({ length: ratePerSecond * seconds }, (_, index): Order => {
    const fraudIndex = Math.floor(index / ratePerSecond / secondsPerFraud);
    const withinFraud = index - Math.ceil(fraudIndex * secondsPerFraud * ratePerSecond);
    const isFraud = withinFraud < 4;
    return {
      atMs: (index * 1_000) / ratePerSecond,
      card: isFraud ? fraudIndex : random.between(Math.ceil(seconds), cards.length - 1),
      sku: random.pick(isFraud ? shelf.dear : shelf.plentiful),
      key: `${options.seed}-${index}`,
    };
  });
  return orders;
}

/** The order's id; null when it was not accepted. */
async function place(order: Order, { suite, cards }: RunOptions): Promise<string | null> {
  const card = cards[order.card];
  const { status, body } = await call({
    method: "POST",
    url: `${suite.url("order")}/orders`,
    apiKey: "demo-shop",
    idempotencyKey: order.key,
    body: {
      customerId: card?.customerId,
      paymentMethodId: card?.paymentMethodId,
      currency: "USD",
      items: [{ sku: order.sku, quantity: 1 }],
    },
  });
  return status === 202 ? textOf(body, "orderId") : null;
}
