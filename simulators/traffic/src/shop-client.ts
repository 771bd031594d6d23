import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Basket, Product } from "./catalogue.ts";
import type { TestCard } from "./test-card.ts";

/** Where the shop's services answer, and with which key. */
export interface ShopAddresses {
  readonly orderUrl: string;
  readonly paymentUrl: string;
  readonly inventoryUrl: string;
  readonly apiKey: string;
}

/** How POST /orders ended, after all retries. */
export interface Placement {
  /** The last answer's status code; 0 when nobody answered. */
  readonly status: number;
  /** Null unless it was accepted. */
  readonly orderId: string | null;
  readonly attempts: number;
}

/** An order as its customer sees it. */
export interface OrderView {
  readonly status: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The public HTTP API, used as a shop's backend would use it. */
export interface ShopClient {
  /** Throws when the shop does not answer. */
  products(): Promise<readonly Product[]>;
  /** Units that can be ordered; undefined when nobody tells. */
  availableUnits(sku: string): Promise<number | undefined>;
  /** Resolves to the payment method's token; throws when it is refused. */
  registerCard(customerId: string, card: TestCard, idempotencyKey: string): Promise<string>;
  /** Never rejects. Repeats with the same key when nobody answers, or on 429 and 503. */
  placeOrder(order: NewOrder, idempotencyKey: string): Promise<Placement>;
  /** Undefined when it cannot be read right now. */
  readOrder(orderId: string): Promise<OrderView | undefined>;
}

/** An order as its buyer states it. */
export interface NewOrder extends Pick<Basket, "items"> {
  readonly customerId: string;
  readonly paymentMethodId: string;
  readonly currency: string;
}

const maxAttempts = 5;
const answerLimitMs = 10_000;

const Products = z.object({
  products: z.array(
    z.object({
      sku: z.string(),
      merchantId: z.string(),
      unitPriceMinor: z.int(),
      currency: z.string(),
    }),
  ),
});
const Stock = z.object({ available: z.int() });
const PaymentMethod = z.object({ paymentMethodId: z.string() });
const Placed = z.object({ orderId: z.string() });
const Order = z.object({ status: z.string(), createdAt: z.string(), updatedAt: z.string() });

/** Makes a client; it keeps connections open between requests. */
export function createShopClient(addresses: ShopAddresses): ShopClient {
  const { orderUrl, paymentUrl, inventoryUrl } = addresses;
  const authorization = `Bearer ${addresses.apiKey}`;
  const get = (url: string) => request(url, { headers: { authorization } });
  const post = (url: string, body: unknown, idempotencyKey: string) =>
    request(url, {
      method: "POST",
      headers: {
        authorization,
        "content-type": "application/json",
        "idempotency-key": idempotencyKey,
      },
      body: JSON.stringify(body),
    });
  return {
    products: async () => {
      const { status, body } = await get(`${orderUrl}/products`);
      if (status !== 200)
        throw new Error(`GET ${orderUrl}/products ${describe(status)}: does the suite run?`);
      return Products.parse(body).products;
    },
    availableUnits: async (sku) => {
      const { status, body } = await get(`${inventoryUrl}/stock/${sku}`);
      return status === 200 ? Stock.parse(body).available : undefined;
    },
    registerCard: async (customerId, card, idempotencyKey) => {
      const url = `${paymentUrl}/payment-methods`;
      const { status, body } = await post(url, { customerId, card }, idempotencyKey);
      if (status !== 201) throw new Error(`POST ${url} ${describe(status)}`);
      return PaymentMethod.parse(body).paymentMethodId;
    },
    placeOrder: async (order, idempotencyKey) => {
      const { status, body, attempts } = await post(`${orderUrl}/orders`, order, idempotencyKey);
      const orderId = status === 202 ? Placed.parse(body).orderId : null;
      return { status, orderId, attempts };
    },
    readOrder: async (orderId) => {
      const { status, body } = await get(`${orderUrl}/orders/${orderId}`);
      return status === 200 ? Order.parse(body) : undefined;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly attempts: number;
}

async function request(url: string, init: RequestInit): Promise<Answer> {
  for (let attempts = 1; ; attempts += 1) {
    const { status, body, retryAfterMs } = await attempt(url, init);
    const worthAnother = status === 0 || status === 429 || status === 503;
    if (!worthAnother || attempts === maxAttempts) return { status, body, attempts };
    await delay(retryAfterMs ?? 100 * 2 ** attempts);
  }
}

async function attempt(url: string, init: RequestInit) {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(answerLimitMs) });
    const text = await response.text();
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    const retryAfterMs = Number.isFinite(seconds) ? Math.min(5, seconds) * 1000 : undefined;
    return { status: response.status, body: parseJson(text), retryAfterMs };
  } catch {
    return { status: 0, body: undefined, retryAfterMs: undefined };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function describe(status: number): string {
  return status === 0 ? "got no answer" : `answered ${status}`;
}
