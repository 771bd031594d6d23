import { setTimeout as delay } from "node:timers/promises";
import { createRandom } from "@holdfast/traffic";
import { usageOf } from "../bench/process-usage.ts";
import { type Sightings, watchOrders } from "../bench-orders/sightings.ts";
import { call, textOf } from "../chaos/http.ts";
import { type CardOnFile, registerCards, type Shelf, stockShelf } from "../chaos/shelf.ts";
import { eventServices } from "../command/services.ts";
import type { Suite } from "../command/suite.ts";
import type { SpanSink } from "./span-sink.ts";

export interface OrdersLoad {
  readonly seconds: number;
  /** Customers who each place an order, wait until it is confirmed, and place the next. */
  readonly customers: number;
}

/** What a suite does with its orders. */
export interface OrderRates {
  readonly ordersPerSecond: number;
  /** Processor time of the five services, in ms per confirmed order: less noise than orders a second. */
  readonly servicesMsPerOrder: number;
  /** The same of the process that takes their spans. */
  readonly sinkMsPerOrder: number;
}

const warmUpMs = 10_000;
const lookEveryMs = 5;
const patienceMs = 30_000;
const cardsOnFile = 400;

interface Shop {
  readonly suite: Suite;
  readonly shelf: Shelf;
  readonly cards: readonly CardOnFile[];
  readonly sightings: Sightings;
}

/**
 * Lets customers buy from a suite that is as busy as they make it: nobody sends more than it can take, so
 * no verdict is too late and every order does the same work.
 */
export async function orderRates(
  suite: Suite,
  sink: Pick<SpanSink, "cpuSeconds">,
  load: OrdersLoad,
): Promise<OrderRates> {
  const shelf = await stockShelf(suite);
  const random = createRandom("tracing");
  const cards = await registerCards(suite, random, cardsOnFile);
  const sightings = await watchOrders(suite.kafka, suite.codec);
  const shop = { suite, shelf, cards, sightings };
  const used = () => ({ services: servicesCpuSeconds(suite), sink: sink.cpuSeconds() });
  try {
    const startMs = performance.now() + warmUpMs;
    const endMs = startMs + load.seconds * 1000;
    const buying = Promise.all(
      Array.from({ length: load.customers }, (_, customer) => buyUntil(shop, { customer, endMs })),
    );
    const before = await at(startMs, used);
    const after = await at(endMs, used);
    const inTime = (await buying).flat().filter((atMs) => atMs >= startMs && atMs < endMs);
    const perOrder = (seconds: number): number => (1000 * seconds) / inTime.length;
    return {
      ordersPerSecond: inTime.length / load.seconds,
      servicesMsPerOrder: perOrder(after.services - before.services),
      sinkMsPerOrder: perOrder(after.sink - before.sink),
    };
  } finally {
    await sightings.stop();
  }
}

function servicesCpuSeconds({ control }: Suite): number {
  const used = eventServices.map((name) => usageOf(control.pid(name) ?? 0).cpuSeconds);
  return used.reduce((sum, seconds) => sum + seconds, 0);
}

async function at<T>(momentMs: number, look: () => T): Promise<T> {
  await delay(Math.max(0, momentMs - performance.now()));
  return look();
}

/** When each of a customer's orders was confirmed. */
async function buyUntil(
  shop: Shop,
  { customer, endMs }: { customer: number; endMs: number },
): Promise<number[]> {
  const random = createRandom(`customer ${customer}`);
  const confirmed: number[] = [];
  for (let order = 0; performance.now() < endMs; order += 1) {
    const card = random.pick(shop.cards);
    const sku = random.pick(shop.shelf.plentiful);
    const orderId = await place(shop, { card, sku, key: `tracing-${customer}-${order}` });
    const atMs = await confirmation(shop.sightings, orderId);
    if (atMs !== undefined) confirmed.push(atMs);
  }
  return confirmed;
}

async function place(
  { suite }: Shop,
  { card, sku, key }: { card: CardOnFile; sku: string; key: string },
): Promise<string> {
  const { status, body } = await call({
    method: "POST",
    url: `${suite.url("order")}/orders`,
    apiKey: "demo-shop",
    idempotencyKey: key,
    body: {
      customerId: card.customerId,
      paymentMethodId: card.paymentMethodId,
      currency: "USD",
      items: [{ sku, quantity: 1 }],
    },
  });
  if (status !== 202) throw new Error(`an order was refused with ${status}`);
  return textOf(body, "orderId");
}

/** Undefined for an order that is held, or cancelled, or too late. */
async function confirmation(sightings: Sightings, orderId: string): Promise<number | undefined> {
  for (const giveUpMs = performance.now() + patienceMs; performance.now() < giveUpMs; ) {
    const { confirmedMs, alertedMs } = sightings.of(orderId);
    if (confirmedMs !== undefined || alertedMs !== undefined) return confirmedMs;
    await delay(lookEveryMs);
  }
  return undefined;
}
