import { resolve } from "node:path";
import { createLogger } from "@holdfast/telemetry";
import { useTestDatabase } from "@holdfast/testkit";
import { beforeEach, expect, test } from "@jest/globals";
import { insertOrder } from "../store/orders.ts";
import { createStuckOrderSweeper } from "./stuck-orders.ts";

const db = useTestDatabase({ migrations: [resolve(import.meta.dirname, "../../migrations")] });
const minuteMs = 60_000;
const limitsMs = { pending: minuteMs, accepted: minuteMs, under_review: 60 * minuteMs };
let lines: Record<string, unknown>[];
const logger = createLogger({
  service: "order",
  level: "info",
  destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
});
const sweeper = () => createStuckOrderSweeper({ query: db.database.read, limitsMs, logger });

beforeEach(async () => {
  await db.clear();
  lines = [];
  await db.database.read("INSERT INTO customers VALUES ('ann', 'Ann', 'ann@example.com')");
});

/** What every order has that was accepted. */
const decided = "stock = NULL, payment = NULL, payment_id = 'p'";

/** An order that last moved some minutes ago. */
async function order(n: number, columns: string, minutesAgo: number): Promise<string> {
  const orderId = db.ids.at(n);
  const cart = {
    merchantId: "shop-1",
    currency: "USD",
    totalMinor: 100,
    lines: [{ sku: "mug", quantity: 1, unitPriceMinor: 100 }],
  };
  const placed = { orderId, customerId: "ann", paymentMethodId: "pm_ann", cart, placedAt: 0 };
  await db.database.transact((tx) => insertOrder(tx, placed));
  await db.database.read(
    `UPDATE orders SET ${columns}, updated_at = now() - $2 * interval '1 minute' WHERE order_id = $1`,
    [orderId, minutesAgo],
  );
  return orderId;
}

test("an order that does not move is told once, and again when it is stuck elsewhere", async () => {
  const stuck = await order(1, "saga = 'pending'", 2);
  await order(2, "saga = 'pending'", 0);
  await order(3, "payment = 'held', payment_id = 'p'", 30);
  await order(4, `saga = 'confirmed', ${decided}`, 600);
  const looking = sweeper();
  expect([await looking.look(), await looking.look()]).toEqual([1, 0]);
  expect(lines).toMatchObject([{ orderId: stuck, state: "pending", msg: "An order is stuck" }]);
  expect(lines[0]?.["ageMs"]).toEqual(expect.any(Number));
  await db.database.read(`UPDATE orders SET saga = 'accepted', ${decided} WHERE order_id = $1`, [
    stuck,
  ]);
  expect(await looking.look()).toBe(1);
});
