import { setTimeout as delay } from "node:timers/promises";
import type { Suite } from "../command/suite.ts";
import type { History } from "./history.ts";
import { callUntilAnswered, textOf } from "./http.ts";
import { placing, readOrder } from "./orders.ts";
import type { CardOnFile, Shelf } from "./shelf.ts";

const lookEveryMs = 50;

/** Where an order is placed that stands for all others, and the longest that it may take. */
export interface ProbeOptions {
  readonly suite: Suite;
  readonly shelf: Shelf;
  readonly history: History;
  /** A card that nobody else uses. */
  readonly card: CardOnFile;
  readonly key: string;
  readonly limitMs: number;
}

/** What became of a probe; null when nobody took it, and when it was not confirmed by twice the limit. */
export interface Probe {
  readonly orderId: string | null;
  readonly tookMs: number | null;
}

/** Places one order, as often as it takes, and waits until it is confirmed. Never rejects. */
export async function probe(options: ProbeOptions): Promise<Probe> {
  const { suite, shelf, history, card, key, limitMs } = options;
  const beganAtMs = performance.now();
  const tookMs = () => Math.round(performance.now() - beganAtMs);
  const items = shelf.plentiful.slice(0, 1).map((sku) => ({ sku, quantity: 1 }));
  const answers = await callUntilAnswered(placing(suite, { card, items, key }), limitMs);
  const orderId = textOf(answers.at(-1)?.body, "orderId") || null;
  if (orderId === null) return { orderId, tookMs: null };
  history.facts.acknowledged.push({ orderId, key, atMs: Date.now() });
  while (tookMs() < 2 * limitMs) {
    const { body } = await readOrder(suite, orderId);
    if (textOf(body, "status") === "confirmed") return { orderId, tookMs: tookMs() };
    await delay(lookEveryMs);
  }
  return { orderId, tookMs: null };
}
