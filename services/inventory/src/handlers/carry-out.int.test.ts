import { join } from "node:path";
import type { OrderPlaced } from "@holdfast/contracts";
import { silentLogger } from "@holdfast/telemetry";
import {
  buildEvent,
  buildMessage,
  createFakeClock,
  createSequentialIds,
  useTestDatabase,
} from "@holdfast/testkit";
import { beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { createInventoryService } from "../inventory-service.ts";
import type { OrderReference } from "../store/reservations.ts";
import { findStock } from "../store/stock.ts";
import { onOrderAccepted } from "./on-order-accepted.ts";
import { onOrderCancelled } from "./on-order-cancelled.ts";
import { onOrderConfirmed } from "./on-order-confirmed.ts";
import { onOrderPlaced } from "./on-order-placed.ts";

const fixture = useTestDatabase({ migrations: [join(import.meta.dirname, "../../migrations")] });
const clock = createFakeClock();
const eventIds = createSequentialIds(1);
const expiryMs = 60_000;

function openInventory() {
  const { carryOut, expiries } = createInventoryService({
    database: fixture.database,
    clock,
    logger: silentLogger,
  });
  const placed = onOrderPlaced(carryOut, { clock, expiryMs });
  const accepted = onOrderAccepted(carryOut);
  const confirmed = onOrderConfirmed(carryOut);
  const cancelled = onOrderCancelled(carryOut);
  const { database } = fixture;
  // Each message has an id of its own: what must not happen twice must not rest on the inbox alone.
  const options = () => ({ id: eventIds.next() });
  return {
    expiries,
    reserve: (order: OrderPlaced) =>
      database.transact((tx) =>
        placed(buildMessage("orders", ["OrderPlaced", order], options()), tx),
      ),
    accept: ({ orderId, customerId }: OrderReference) =>
      database.transact((tx) =>
        accepted(buildMessage("orders", ["OrderAccepted", { orderId, customerId }], options()), tx),
      ),
    commit: ({ orderId, customerId }: OrderReference) =>
      database.transact((tx) =>
        confirmed(
          buildMessage("orders", ["OrderConfirmed", { orderId, customerId }], options()),
          tx,
        ),
      ),
    release: ({ orderId, customerId }: OrderReference) =>
      database.transact((tx) =>
        cancelled(
          buildMessage("orders", ["OrderCancelled", { orderId, customerId }], options()),
          tx,
        ),
      ),
  };
}

function orderOf(n: number, units: Readonly<Record<string, number>>): OrderPlaced {
  const items = Object.entries(units).map(([sku, quantity]) => ({
    sku,
    quantity,
    unitPriceMinor: 100,
  }));
  return buildEvent("OrderPlaced", { orderId: `order-${n}`, customerId: `cust-${n}`, items });
}

async function stock(units: Readonly<Record<string, number>>): Promise<void> {
  for (const [sku, onHand] of Object.entries(units)) {
    await fixture.database.read("INSERT INTO stock (sku, on_hand) VALUES ($1, $2)", [sku, onHand]);
    await fixture.database.read(
      `INSERT INTO stock_movements (sku, kind, on_hand_change, reserved_change)
       VALUES ($1, 'initial', $2, 0)`,
      [sku, onHand],
    );
  }
}

const countsOf = async (sku: string) => {
  const level = await findStock(fixture.database.read, sku);
  return level === undefined ? undefined : [level.onHand, level.reserved];
};

const publishedTypes = async () => (await fixture.published()).map(({ type }) => type);

/** Products whose counts are not the sums of their journal, or not what open reservations say. */
async function unsoundProducts(): Promise<unknown[]> {
  const { rows } = await fixture.database.read(`
    SELECT s.sku FROM stock s
    WHERE ROW (on_hand, reserved) IS DISTINCT FROM (
        SELECT ROW (sum(on_hand_change)::bigint, sum(reserved_change)::bigint)
        FROM stock_movements m WHERE m.sku = s.sku)
      OR reserved IS DISTINCT FROM (
        SELECT coalesce(sum((line ->> 'quantity')::bigint), 0)::bigint
        FROM reservations, jsonb_array_elements(lines) AS line
        WHERE status IN ('reserved', 'promised') AND line ->> 'sku' = s.sku)`);
  return rows;
}

let inventory: ReturnType<typeof openInventory>;

beforeEach(async () => {
  await fixture.clear();
  inventory = openInventory();
});

describe("an order", () => {
  test("reserves all of its lines and publishes them, merged and in order", async () => {
    await stock({ TEA: 5, CUP: 5 });
    const order = orderOf(1, { TEA: 2, CUP: 1 });
    await inventory.reserve({ ...order, items: [...order.items, ...order.items] });
    expect(await countsOf("TEA")).toEqual([5, 4]);
    expect(await countsOf("CUP")).toEqual([5, 2]);
    const [event] = await fixture.published();
    expect(event).toMatchObject({
      topic: "stock",
      type: "StockReserved",
      key: "cust-1",
      entityId: "order-1",
      event: {
        orderId: "order-1",
        customerId: "cust-1",
        items: [
          { sku: "CUP", quantity: 2 },
          { sku: "TEA", quantity: 4 },
        ],
        expiresAt: clock.now() + expiryMs,
        occurredAt: clock.now(),
      },
    });
  });

  test("of which one line is short reserves nothing", async () => {
    await stock({ TEA: 5, CUP: 0 });
    await inventory.reserve(orderOf(1, { TEA: 2, CUP: 1 }));
    expect(await countsOf("TEA")).toEqual([5, 0]);
    const [event] = await fixture.published();
    expect(event).toMatchObject({
      type: "StockRejected",
      event: { reason: "INSUFFICIENT_STOCK", skus: ["CUP"] },
    });
  });

  test("for an unknown product reserves nothing", async () => {
    await stock({ TEA: 5 });
    await inventory.reserve(orderOf(1, { TEA: 2, NONE: 1 }));
    expect(await countsOf("TEA")).toEqual([5, 0]);
    const [event] = await fixture.published();
    expect(event).toMatchObject({ event: { reason: "UNKNOWN_SKU", skus: ["NONE"] } });
  });

  test("that is confirmed takes its units out of stock, once", async () => {
    await stock({ TEA: 5 });
    const order = orderOf(1, { TEA: 2 });
    await inventory.reserve(order);
    await inventory.reserve(order);
    await inventory.accept(order);
    await inventory.accept(order);
    await inventory.commit(order);
    await inventory.commit(order);
    expect(await countsOf("TEA")).toEqual([3, 0]);
    expect(await publishedTypes()).toEqual(["StockReserved", "StockCommitted"]);
    expect(await unsoundProducts()).toEqual([]);
  });

  test("that is cancelled frees its units, once", async () => {
    await stock({ TEA: 5 });
    const order = orderOf(1, { TEA: 2 });
    await inventory.reserve(order);
    await inventory.release(order);
    await inventory.release(order);
    expect(await countsOf("TEA")).toEqual([5, 0]);
    expect(await publishedTypes()).toEqual(["StockReserved", "StockReleased"]);
    expect(await unsoundProducts()).toEqual([]);
  });

  test("that is cancelled before it reserves never holds a unit", async () => {
    await stock({ TEA: 5 });
    const order = orderOf(1, { TEA: 2 });
    await inventory.release(order);
    await inventory.reserve(order);
    expect(await countsOf("TEA")).toEqual([5, 0]);
    expect(await fixture.published()).toMatchObject([
      { type: "StockRejected", event: { reason: "ORDER_CANCELLED" } },
    ]);
  });
});

describe("the expiry of a reservation", () => {
  test("frees the units when nobody accepted the order in time", async () => {
    await stock({ TEA: 5 });
    await inventory.reserve(orderOf(1, { TEA: 2 }));
    expect(await inventory.expiries.runDue()).toBe(0);
    clock.advance(expiryMs);
    expect(await inventory.expiries.runDue()).toBe(1);
    expect(await countsOf("TEA")).toEqual([5, 0]);
    expect((await fixture.published()).at(-1)).toMatchObject({
      type: "StockReleased",
      event: { reason: "EXPIRED", items: [{ sku: "TEA", quantity: 2 }] },
    });
  });

  test.each([
    ["accepted", "accept"],
    ["cancelled", "release"],
    ["confirmed", "commit"],
  ] as const)("is called off when the order is %s", async (_what, step) => {
    await stock({ TEA: 5 });
    const order = orderOf(1, { TEA: 2 });
    await inventory.reserve(order);
    await inventory[step](order);
    const before = await publishedTypes();
    clock.advance(expiryMs);
    expect(await inventory.expiries.runDue()).toBe(0);
    expect(await publishedTypes()).toEqual(before);
  });

  test("gives way to a confirmation that comes later, as long as units are free", async () => {
    await stock({ TEA: 2 });
    const order = orderOf(1, { TEA: 2 });
    await inventory.reserve(order);
    clock.advance(expiryMs);
    await inventory.expiries.runDue();
    await inventory.commit(order);
    expect(await countsOf("TEA")).toEqual([0, 0]);
    expect(await unsoundProducts()).toEqual([]);
  });
});

describe("under contention", () => {
  test("50 orders at once for the last 10 units reserve exactly 10", async () => {
    await stock({ TEA: 10 });
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => inventory.reserve(orderOf(n, { TEA: 1 }))),
    );
    expect(await countsOf("TEA")).toEqual([10, 10]);
    const types = await publishedTypes();
    expect(types.filter((type) => type === "StockReserved")).toHaveLength(10);
    expect(types.filter((type) => type === "StockRejected")).toHaveLength(40);
    expect(await unsoundProducts()).toEqual([]);
  });

  test("orders that name the same products in opposite order do not deadlock", async () => {
    await stock({ CUP: 100, TEA: 100 });
    await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        inventory.reserve(orderOf(n, n % 2 === 0 ? { CUP: 1, TEA: 2 } : { TEA: 2, CUP: 1 })),
      ),
    );
    expect(await countsOf("CUP")).toEqual([100, 40]);
    expect(await countsOf("TEA")).toEqual([100, 80]);
    expect(await unsoundProducts()).toEqual([]);
  });

  test("expiry and acceptance at the same moment: one wins, the counts are sound", async () => {
    await stock({ TEA: 20 });
    const orders = Array.from({ length: 20 }, (_, n) => orderOf(n, { TEA: 1 }));
    for (const order of orders) await inventory.reserve(order);
    clock.advance(expiryMs);
    await Promise.all([
      ...orders.map((order) => inventory.accept(order)),
      inventory.expiries.runDue(),
    ]);
    const { rows } = await fixture.database.read<{ status: string; orders: number }>(
      "SELECT status, count(*) AS orders FROM reservations GROUP BY status",
    );
    const by = Object.fromEntries(rows.map(({ status, orders: count }) => [status, count]));
    const released = (await publishedTypes()).filter((type) => type === "StockReleased").length;
    expect((by["promised"] ?? 0) + (by["released"] ?? 0)).toBe(20);
    expect(by["released"] ?? 0).toBe(released);
    expect(await unsoundProducts()).toEqual([]);
  });
});

describe("the database refuses", () => {
  test("to promise a unit that is not there, whatever the statement", async () => {
    await stock({ TEA: 1 });
    const oversell = fixture.database.read("UPDATE stock SET reserved = 2 WHERE sku = 'TEA'");
    await expect(oversell).rejects.toThrow(/reserved_within_on_hand/);
  });

  test("to change the journal", async () => {
    await stock({ TEA: 1 });
    const rewriting = fixture.database.read("UPDATE stock_movements SET on_hand_change = 9");
    await expect(rewriting).rejects.toThrow(pg.DatabaseError);
    await expect(fixture.database.read("DELETE FROM stock_movements")).rejects.toThrow(
      /append-only|permission denied/,
    );
  });
});
