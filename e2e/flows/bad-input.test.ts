import { randomUUID } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { type ApiRequest, call, keys } from "../support/api.ts";
import { orderBody } from "../support/shop.ts";

interface ProblemBody {
  readonly code: string;
  readonly title: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

const good = orderBody({
  customerId: "cust_demo_001",
  paymentMethodId: "pm_demo_001",
  sku: "SKU-MUG",
});
const item = { sku: "SKU-MUG", quantity: 1 };

interface Refusal {
  readonly what: string;
  readonly status: number;
  readonly pointer?: string;
  readonly body: unknown;
}

const withItem = (change: object) => ({ ...good, items: [{ ...item, ...change }] });
const otherMerchant = { sku: "SKU-EU-POSTER", quantity: 1 };

const REFUSED: readonly Refusal[] = [
  { what: "malformed JSON", status: 400, body: "{" },
  { what: "an unknown field", status: 422, pointer: "/discount", body: { ...good, discount: 1 } },
  { what: "an unknown sku", status: 422, pointer: "/items/0/sku", body: withItem({ sku: "NONE" }) },
  {
    what: "a quantity of 0",
    status: 422,
    pointer: "/items/0/quantity",
    body: withItem({ quantity: 0 }),
  },
  {
    what: "a quantity of 1000",
    status: 422,
    pointer: "/items/0/quantity",
    body: withItem({ quantity: 1000 }),
  },
  {
    what: "an unknown payment method",
    status: 422,
    pointer: "/paymentMethodId",
    body: { ...good, paymentMethodId: "pm_none" },
  },
  {
    what: "somebody else's payment method",
    status: 422,
    pointer: "/paymentMethodId",
    body: { ...good, paymentMethodId: "pm_demo_002" },
  },
  {
    what: "another currency than the product's",
    status: 422,
    pointer: "/currency",
    body: { ...good, currency: "EUR" },
  },
  {
    what: "items of two merchants",
    status: 422,
    pointer: "/items/1/sku",
    body: { ...good, items: [item, otherMerchant] },
  },
  { what: "more than 64 KiB", status: 413, body: withItem({ sku: "x".repeat(70_000) }) },
];

const place = (request: Partial<ApiRequest>) =>
  call<ProblemBody>("order", "/orders", {
    key: keys.shop,
    idempotencyKey: randomUUID(),
    body: good,
    ...request,
  });

describe("an order is refused", () => {
  test.each(REFUSED)("with $what", async ({ status, pointer, body }) => {
    const answer = await place({ body });
    expect(answer.headers.get("content-type")).toContain("application/problem+json");
    expect(answer.status).toBe(status);
    if (pointer === undefined) return;
    expect(answer.body.errors?.map((error) => error.pointer)).toContain(pointer);
  });

  test("without an Idempotency-Key", async () => {
    const answer = await call<ProblemBody>("order", "/orders", { key: keys.shop, body: good });
    expect(answer.status).toBe(400);
  });

  test("without an API key, and with a wrong one", async () => {
    const anonymous = await call("order", "/orders", { idempotencyKey: randomUUID(), body: good });
    expect(anonymous.status).toBe(401);
    expect((await place({ key: "nobody" })).status).toBe(401);
  });
});
