import { resolve } from "node:path";
import { createNudge } from "@holdfast/service-kit";
import { createFakeClock, createTestServer, useTestDatabase } from "@holdfast/testkit";
import { beforeEach, describe, expect, test } from "@jest/globals";
import request from "supertest";
import { createOrderService } from "../order-service.ts";
import type { PaymentMethod } from "../payment/payment-methods.ts";

const db = useTestDatabase({ migrations: [resolve(import.meta.dirname, "../../migrations")] });
const clock = createFakeClock();
const methods = new Map<string, PaymentMethod>();

beforeEach(async () => {
  await db.clear();
  await db.database.read(
    `INSERT INTO products (sku, name, merchant_id, unit_price_minor, currency) VALUES
       ('mug', 'Mug', 'shop-1', 1250, 'USD'), ('tea', 'Tea', 'shop-1', 300, 'USD'),
       ('lamp', 'Lamp', 'shop-2', 9900, 'USD'), ('scarf', 'Scarf', 'shop-1', 4000, 'EUR')`,
  );
  await db.database.read(
    `INSERT INTO customers (customer_id, name, email) VALUES
       ('ann', 'Ann', 'ann@example.com'), ('bob', 'Bob', 'bob@example.com')`,
  );
  methods.clear();
  methods.set("pm_ann", { found: "known", customerId: "ann" });
  methods.set("pm_bob", { found: "known", customerId: "bob" });
  methods.set("pm_silent", { found: "unavailable" });
});

const good = {
  customerId: "ann",
  paymentMethodId: "pm_ann",
  currency: "USD",
  items: [
    { sku: "mug", quantity: 2 },
    { sku: "tea", quantity: 1 },
  ],
};

describe("POST /orders", () => {
  test("receives an order, says where it is and publishes it", async () => {
    const answer = await place(good);
    expect(answer.status).toBe(202);
    const { orderId } = answer.body;
    expect(answer.body).toEqual({ orderId: expect.any(String), status: "received" });
    expect(answer.headers["location"]).toBe(`/orders/${orderId}`);
    expect(await db.published()).toMatchObject([
      {
        topic: "orders",
        type: "OrderPlaced",
        key: "ann",
        entityId: orderId,
        entityVersion: 1,
        event: {
          orderId,
          customerId: "ann",
          merchantId: "shop-1",
          paymentMethodId: "pm_ann",
          items: [
            { sku: "mug", quantity: 2, unitPriceMinor: 1250 },
            { sku: "tea", quantity: 1, unitPriceMinor: 300 },
          ],
          amountMinor: 2800,
          currency: "USD",
          occurredAt: clock.now(),
        },
      },
    ]);
  });

  test("repeats its answer for the same key, whatever payment says by then", async () => {
    const first = await place(good, { key: "same" });
    methods.set("pm_ann", { found: "unavailable" });
    const second = await place(good, { key: "same" });
    expect(second.status).toBe(202);
    expect(second.text).toBe(first.text);
    expect(second.headers["idempotent-replayed"]).toBe("true");
    expect(second.headers["location"]).toBe(first.headers["location"]);
    expect(await rowsWritten()).toMatchObject({ orders: 1, outbox: 1 });
  });

  test("refuses a key that was used for another order", async () => {
    await place(good, { key: "same" });
    const other = await place({ ...good, items: [{ sku: "tea", quantity: 9 }] }, { key: "same" });
    expect(other.status).toBe(422);
    expect(other.body.code).toBe("idempotency_key_reused");
    expect(await rowsWritten()).toMatchObject({ orders: 1, outbox: 1 });
  });

  test("lets the client correct a refused order under the same key", async () => {
    const refused = await place({ ...good, paymentMethodId: "pm_none" }, { key: "same" });
    expect(refused.status).toBe(422);
    expect((await place(good, { key: "same" })).status).toBe(202);
  });

  test("asks to try again when the payment method cannot be checked", async () => {
    const answer = await place({ ...good, paymentMethodId: "pm_silent" });
    expect(answer.status).toBe(503);
    expect(answer.headers["retry-after"]).toBe("2");
    expect(answer.body.code).toBe("payment_unavailable");
    expect(await rowsWritten()).toEqual(nothing);
  });

  type Refused = [name: string, body: unknown, answer: [status: number, ...pointers: string[]]];
  const refused: Refused[] = [
    ["an unknown field", { ...good, totalMinor: 1 }, [422, "/totalMinor"]],
    [
      "a price from the client",
      { ...good, items: [{ sku: "mug", quantity: 1, unitPriceMinor: 1 }] },
      [422, "/items/0/unitPriceMinor"],
    ],
    ["an unknown sku", withItems(["mug", 1], ["none", 1]), [422, "/items/1/sku"]],
    ["quantity 0", withItems(["mug", 0]), [422, "/items/0/quantity"]],
    ["a negative quantity", withItems(["mug", -1]), [422, "/items/0/quantity"]],
    ["a fraction of a unit", withItems(["mug", 1.5]), [422, "/items/0/quantity"]],
    ["quantity 1000", withItems(["mug", 1000]), [422, "/items/0/quantity"]],
    ["1000 units in two lines", withItems(["mug", 999], ["mug", 1]), [422, "/items/1/quantity"]],
    ["no items", withItems(), [422, "/items"]],
    ["two merchants", withItems(["mug", 1], ["lamp", 1]), [422, "/items/1/sku"]],
    ["a wrong currency", { ...good, currency: "EUR" }, [422, "/currency"]],
    ["an unknown currency", { ...good, currency: "ZZZ" }, [422, "/currency"]],
    ["a currency that is none", { ...good, currency: "usd" }, [422, "/currency"]],
    [
      "an unknown customer",
      { ...good, customerId: "none" },
      [422, "/customerId", "/paymentMethodId"],
    ],
    [
      "an unknown payment method",
      { ...good, paymentMethodId: "pm_none" },
      [422, "/paymentMethodId"],
    ],
    ["a foreign payment method", { ...good, paymentMethodId: "pm_bob" }, [422, "/paymentMethodId"]],
    [
      "a path for a payment method",
      { ...good, paymentMethodId: "../x" },
      [422, "/paymentMethodId"],
    ],
    ["missing fields", {}, [422, "/customerId", "/paymentMethodId", "/currency", "/items"]],
    ["no object", [1], [422, ""]],
    ["malformed JSON", '{"customerId":', [400, ""]],
  ];
  test.each(refused)(
    "refuses %s and writes nothing",
    async (_name, body, [status, ...pointers]) => {
      const answer = await place(body);
      expect(problemOf(answer)).toMatchObject({ status });
      expect(pointersOf(answer)).toEqual(pointers);
      expect(await rowsWritten()).toEqual(nothing);
    },
  );

  test("refuses a body beyond 64 KiB and writes nothing", async () => {
    const answer = await place({ ...good, customerId: "a".repeat(64 * 1024) });
    expect(problemOf(answer)).toMatchObject({ status: 413 });
    expect(pointersOf(answer)).toEqual([""]);
    expect(await rowsWritten()).toEqual(nothing);
  });

  test("refuses a missing Idempotency-Key and writes nothing", async () => {
    const answer = await post("/orders").auth("shop", { type: "bearer" }).send(good);
    expect(problemOf(answer)).toMatchObject({ status: 400, code: "idempotency_key_missing" });
    expect(pointersOf(answer)).toEqual(["/header/idempotency-key"]);
    expect(await rowsWritten()).toEqual(nothing);
  });

  test("refuses a missing, a wrong and an insufficient API key, and writes nothing", async () => {
    const missing = await post("/orders").set("Idempotency-Key", "k").send(good);
    for (const answer of [missing, await place(good, { as: "nobody" })]) {
      expect(problemOf(answer)).toMatchObject({ status: 401 });
      expect(pointersOf(answer)).toEqual(["/header/authorization"]);
    }
    expect(problemOf(await place(good, { as: "analyst" }))).toMatchObject({ status: 403 });
    expect(await rowsWritten()).toEqual(nothing);
  });

  test("refuses an order in another customer's name", async () => {
    const answer = await place(good, { as: "bob" });
    expect(problemOf(answer)).toMatchObject({ status: 403 });
    expect(pointersOf(answer)).toEqual(["/customerId"]);
    expect(await rowsWritten()).toEqual(nothing);
  });
});

describe("GET /orders/:orderId", () => {
  test("shows the order", async () => {
    const { orderId } = (await place(good)).body;
    const answer = await get(`/orders/${orderId}`, "ann");
    expect(answer.status).toBe(200);
    const at = new Date(clock.now()).toISOString();
    expect(answer.body).toEqual({
      orderId,
      status: "received",
      totalMinor: 2800,
      currency: "USD",
      items: [
        { sku: "mug", quantity: 2, unitPriceMinor: 1250 },
        { sku: "tea", quantity: 1, unitPriceMinor: 300 },
      ],
      createdAt: at,
      updatedAt: at,
    });
  });

  test("knows nothing of another customer's order, nor of what is no order", async () => {
    const { orderId } = (await place(good)).body;
    for (const path of [orderId, "no-order", db.ids.at(9_999)]) {
      const answer = await get(`/orders/${path}`, "bob");
      expect(problemOf(answer)).toMatchObject({ status: 404, code: "order_not_found" });
      expect(pointersOf(answer)).toEqual(["/path/orderId"]);
    }
  });
});

describe("POST /orders/:orderId/cancel", () => {
  test("cancels an order that is not accepted, once", async () => {
    const { orderId } = (await place(good)).body;
    for (let time = 1; time <= 2; time += 1) {
      const answer = await cancel(orderId, "ann");
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ orderId, status: "cancelled" });
    }
    expect((await db.published()).map(({ type }) => type)).toEqual([
      "OrderPlaced",
      "OrderCancelled",
    ]);
  });

  test("says where the order stands when it is too late", async () => {
    const { orderId } = (await place(good)).body;
    await accept(orderId);
    const answer = await cancel(orderId, "ann");
    expect(problemOf(answer)).toMatchObject({
      status: 409,
      code: "order_not_cancellable",
      state: "processing",
    });
  });

  test("knows nothing of another customer's order", async () => {
    const { orderId } = (await place(good)).body;
    expect(problemOf(await cancel(orderId, "bob"))).toMatchObject({ status: 404 });
    expect(await rowsWritten()).toMatchObject({ outbox: 1 });
  });
});

describe("GET /products", () => {
  test("lists what is sold, a page at a time", async () => {
    const first = await get("/products?limit=3", "ann");
    expect(first.body.products).toHaveLength(3);
    const { nextCursor } = first.body;
    const rest = await get(`/products?limit=3&cursor=${nextCursor}`, "ann");
    expect(rest.body).toEqual({
      products: [
        { sku: "tea", name: "Tea", merchantId: "shop-1", unitPriceMinor: 300, currency: "USD" },
      ],
      nextCursor: null,
    });
  });
});

const nudge = createNudge();

function app() {
  const service = createOrderService({
    database: db.database,
    clock,
    ids: db.ids,
    nudge,
    announce: (orderId) => nudge.notify(orderId),
    paymentMethods: { find: async (id) => methods.get(id) ?? { found: "unknown" } },
    currencies: new Set(["USD", "EUR"]),
    streamLookMs: 60_000,
  });
  return createTestServer(service.routes, {
    callers: [
      { name: "shop", scopes: ["customer"], customerId: "*" },
      { name: "ann", scopes: ["customer"], customerId: "ann" },
      { name: "bob", scopes: ["customer"], customerId: "bob" },
      { name: "analyst", scopes: ["analyst"], customerId: null },
    ],
  }).app;
}

function post(path: string) {
  return request(app()).post(path).set("Content-Type", "application/json");
}

let keys = 0;

function place(body: unknown, { key, as = "shop" }: { key?: string; as?: string } = {}) {
  keys += 1;
  return post("/orders")
    .auth(as, { type: "bearer" })
    .set("Idempotency-Key", key ?? `key-${keys}`)
    .send(typeof body === "string" ? body : JSON.stringify(body));
}

function get(path: string, as: string) {
  return request(app()).get(path).auth(as, { type: "bearer" });
}

function cancel(orderId: string, as: string) {
  return post(`/orders/${orderId}/cancel`).auth(as, { type: "bearer" });
}

async function accept(orderId: string): Promise<void> {
  await db.database.read(
    `UPDATE orders SET saga = 'accepted', status = 'processing', stock = NULL, payment = NULL,
       payment_id = 'payment-1' WHERE order_id = $1`,
    [orderId],
  );
}

function withItems(...items: [sku: string, quantity: number][]) {
  return { ...good, items: items.map(([sku, quantity]) => ({ sku, quantity })) };
}

const nothing = { orders: 0, items: 0, statuses: 0, outbox: 0, keys: 0 };

async function rowsWritten() {
  const { rows } = await db.database.read(
    `SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM order_items) AS items,
       (SELECT count(*) FROM order_status_events) AS statuses,
       (SELECT count(*) FROM outbox) AS outbox, (SELECT count(*) FROM idempotency_keys) AS keys`,
  );
  return rows[0];
}

function problemOf(answer: request.Response): Record<string, unknown> {
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  expect(answer.body.status).toBe(answer.status);
  return answer.body;
}

function pointersOf(answer: request.Response): string[] {
  return answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
}
