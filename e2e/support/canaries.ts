import { randomUUID } from "node:crypto";
import { keys, type ServiceName } from "./api.ts";
import { freshCardNumber } from "./shop.ts";

/** A security code of four digits, as American Express has them: three would be found everywhere. */
export const securityCode = "8317";

/** A number of American Express. All begin alike, so that one pass finds them. */
const freshCanary = (): string => freshCardNumber("37000000", 15);

/** A request in which a card number stands where somebody could write one. */
export interface CanaryRequest {
  readonly what: string;
  readonly service: ServiceName;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is. */
  readonly body?: string;
}

type Make = (number: string) => Omit<CanaryRequest, "what">;

const spaced = (number: string): string => number.replace(/(.{4})(?=.)/g, "$1 ");
const dashed = (number: string): string => number.replace(/(.{4})(?=.)/g, "$1-");

const card = (number: string, change: object = {}) => ({
  number,
  expMonth: 12,
  expYear: 2031,
  cvc: securityCode,
  ...change,
});

const post = (
  service: ServiceName,
  path: string,
  { body, key = keys.shop, headers = {} }: { body: unknown; key?: string; headers?: object },
): Omit<CanaryRequest, "what"> => ({
  service,
  method: "POST",
  path,
  headers: {
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    "idempotency-key": randomUUID(),
    ...headers,
  },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

const get = (
  service: ServiceName,
  path: string,
  { key = keys.admin, headers = {} }: { key?: string; headers?: object } = {},
): Omit<CanaryRequest, "what"> => ({
  service,
  method: "GET",
  path,
  headers: { authorization: `Bearer ${key}`, ...headers },
});

const method = (body: unknown, headers?: object) =>
  post("payment", "/payment-methods", { body, ...(headers && { headers }) });
const customerId = "cust_demo_047";

const methods: Readonly<Record<string, Make>> = {
  "a card as it should be": (n) => method({ customerId, card: card(n) }),
  "a card with spaces": (n) => method({ customerId, card: card(spaced(n)) }),
  "a card with hyphens": (n) => method({ customerId, card: card(dashed(n)) }),
  "an expired card": (n) => method({ customerId, card: card(n, { expYear: 2020 }) }),
  "a number in the wrong field": (n) =>
    method({ customerId, card: card("4242", { expMonth: n, cvc: n }) }),
  "a card without its envelope": (n) => method(card(n)),
  "a card as one text": (n) => method({ customerId, card: `${n} 12/31 cvc ${securityCode}` }),
  "a number as the customer": (n) => method({ customerId: n, card: card(freshCanary()) }),
  "a number as a key": (n) => method({ customerId, card: { [n]: securityCode } }),
  "a card that is not quite JSON": (n) =>
    method(`{"card":{"number":"${n}","cvc":"${securityCode}"`),
  "a card as a form": (n) =>
    method(`number=${n}&cvc=${securityCode}`, {
      "content-type": "application/x-www-form-urlencoded",
    }),
  "a card that is too long": (n) => method({ customerId, card: card(n.repeat(5_000)) }),
};

const order = (change: object) =>
  post("order", "/orders", {
    body: {
      customerId,
      paymentMethodId: "pm_demo_047",
      currency: "USD",
      items: [{ sku: "SKU-MUG", quantity: 1 }],
      ...change,
    },
  });

const orders: Readonly<Record<string, Make>> = {
  "an order with a field for the card": (n) => order({ card: card(n) }),
  "an order with a number as a field's name": (n) => order({ [n]: 1, [spaced(n)]: 2 }),
  "an order of a number": (n) => order({ customerId: n }),
  "an order paid by a number": (n) => order({ paymentMethodId: n }),
  "an order paid by a number with hyphens": (n) => order({ paymentMethodId: dashed(n) }),
  "an order of a number of things": (n) => order({ items: [{ sku: n, quantity: Number(n) }] }),
  "an order in a number": (n) => order({ currency: n }),
  "an order that is not quite JSON": (n) =>
    post("order", "/orders", { body: `{"paymentMethodId":"${n}",` }),
};

/** Header by header, on an order that is otherwise good. */
const inHeader = (name: string, write: (number: string) => string): Make => {
  return (number) => {
    const good = order({});
    return { ...good, headers: { ...good.headers, [name]: write(number) } };
  };
};

const plain = (number: string): string => number;

const headers: Readonly<Record<string, Make>> = {
  "an Idempotency-Key": inHeader("idempotency-key", plain),
  "an Idempotency-Key with words": inHeader("idempotency-key", (n) => `card ${spaced(n)}`),
  "an API key": inHeader("authorization", (n) => `Bearer ${n}`),
  "a user agent": inHeader("user-agent", (n) => `shop/1.0 (${n})`),
  "a cookie": inHeader("cookie", (n) => `card=${n}; cvc=${securityCode}`),
  "a referrer": inHeader("referer", (n) => `https://shop.example/pay?card=${n}`),
  baggage: inHeader("baggage", (n) => `card=${n}`),
  "a tracestate": (n) => {
    const traceparent = `00-${randomUUID().replaceAll("-", "")}-00f067aa0ba902b7-01`;
    const good = order({});
    return { ...good, headers: { ...good.headers, traceparent, tracestate: `shop=${n}` } };
  },
  "a traceparent": inHeader("traceparent", (n) => `00-${n}-${n}-01`),
  "a request id": inHeader("x-request-id", plain),
};

const paths: Readonly<Record<string, Make>> = {
  "an order's path": (n) => get("order", `/orders/${n}`, { key: keys.shop }),
  "an event stream's path": (n) =>
    get("order", `/orders/${n}/events`, { key: keys.shop, headers: { "last-event-id": n } }),
  "a page of products": (n) => get("order", `/products?cursor=${n}`, { key: keys.shop }),
  "a payment's path": (n) => get("payment", `/payments/${n}`, { key: keys.analyst }),
  "a payment method's path": (n) => get("payment", `/payment-methods/${n}`, { key: keys.shop }),
  "a query of payments": (n) => get("payment", `/payments?orderId=${n}&card=${n}`),
  "a product's path": (n) => get("inventory", `/stock/${n}`),
  "a card's path": (n) => get("fraud-scoring", `/cards/${n}`),
  "a decision's path": (n) => get("fraud-scoring", `/decisions/${n}`),
  "a query of notifications": (n) => get("notification", `/notifications?customerId=${n}`),
  "a dead letter's path": (n) => get("order", `/admin/dead-letters/${n}/0/${n}`),
  "a path that is nobody's": (n) => get("operations", `/${n}?card=${n}`),
};

/** What people write in words; `paymentId` is held, `refundableId` captured. */
function words(paymentId: string, refundableId: string): Readonly<Record<string, Make>> {
  const note = (number: string) => `told me ${spaced(number)}, cvc ${securityCode}, at the phone`;
  return {
    "the reason of a restock": (n) =>
      post("inventory", "/stock/SKU-MUG/restock", {
        key: keys.admin,
        body: { quantity: 1, reason: `found behind ${n}` },
      }),
    "the reason of a demotion": (n) =>
      post("payment", "/admin/rules/no-such-rule/demote", {
        key: keys.admin,
        body: { reason: `complaint about ${dashed(n)}` },
      }),
    "the reason of a discard": (n) =>
      post("order", "/admin/dead-letters/discard", {
        key: keys.admin,
        body: { ids: ["payments.order.dlq/0/999999"], reason: n },
      }),
    "the reason of a refund": (n) =>
      post("payment", `/payments/${refundableId}/refunds`, {
        key: keys.analyst,
        body: { amountMinor: 1, reason: `card ${n} was lost` },
      }),
    "the reason of a review": (n) =>
      post("payment", `/payments/${paymentId}/review`, {
        key: keys.analyst,
        body: { decision: "release", reason: note(n) },
      }),
  };
}

/** A request and the number in it, which no other request has. */
export interface Canary {
  readonly request: CanaryRequest;
  readonly number: string;
}

/** One request for each place. */
export function canaries(paymentId: string, refundableId: string): Canary[] {
  const all = { ...methods, ...orders, ...headers, ...paths, ...words(paymentId, refundableId) };
  return Object.entries(all).map(([what, make]) => {
    const number = freshCanary();
    return { number, request: { what, ...make(number) } };
  });
}
