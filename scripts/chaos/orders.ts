import type { Suite } from "../command/suite.ts";
import { type Answer, type Call, call } from "./http.ts";
import type { Line } from "./plan.ts";
import type { CardOnFile } from "./shelf.ts";

/** An order as its customer sends it. */
export interface Purchase {
  readonly card: CardOnFile;
  readonly items: readonly Line[];
  readonly key: string;
}

/** The request that places an order. */
export function placing(suite: Suite, { card, items, key }: Purchase): Call {
  const { customerId, paymentMethodId } = card;
  return {
    method: "POST",
    url: `${suite.url("order")}/orders`,
    apiKey: "demo-shop",
    idempotencyKey: key,
    body: { customerId, paymentMethodId, currency: "USD", items },
  };
}

/** An order as its customer sees it. */
export function readOrder(suite: Suite, orderId: string): Promise<Answer> {
  return call({
    method: "GET",
    url: `${suite.url("order")}/orders/${orderId}`,
    apiKey: "demo-shop",
  });
}
