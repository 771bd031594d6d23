import { expect } from "@jest/globals";
import { placed } from "../../../services/order/src/domain/progress.ts";
import { customerExists, findProducts } from "../../../services/order/src/store/catalogue.ts";
import {
  findOrder,
  insertOrder,
  lockOrder,
  saveProgress,
} from "../../../services/order/src/store/orders.ts";
import { appendStatus } from "../../../services/order/src/store/status-events.ts";
import type { Contract } from "./contract.ts";

const orderId = "00000000-0000-7000-8000-000000000001";
const placedAt = Date.UTC(2026, 0, 1);
const mug = { sku: "mug", name: "Mug", merchantId: "shop", unitPriceMinor: 450, currency: "USD" };
const line = { sku: "mug", quantity: 2, unitPriceMinor: 450 };
const order = {
  orderId,
  customerId: "ann",
  paymentMethodId: "pm_ann",
  cart: { merchantId: "shop", currency: "USD", totalMinor: 900, lines: [line] },
  placedAt,
};
const known = { orderId, customerId: "ann", totalMinor: 900, currency: "USD" };
const accepted = { status: "accepted", paymentId: "payment-1" } as const;

/** What order's own tables promise. */
export const orderContract: Contract = {
  seed: {
    rows: { customers: { ann: { customerId: "ann" } }, products: { mug } },
    sql: [
      "INSERT INTO customers (customer_id, name, email) VALUES ('ann', 'Ann', 'ann@example.com')",
      "INSERT INTO products VALUES ('mug', 'Mug', 'shop', 450, 'USD')",
    ],
  },
  cases: [
    {
      name: "customers and products are known or not",
      ask: async ({ read }) => [
        await customerExists(read, "ann"),
        await customerExists(read, "bob"),
        [...(await findProducts(read, ["pot", "mug"])).values()],
      ],
      expected: [true, false, [mug]],
    },
    {
      name: "an order is read as it was written, and as far as it has come",
      ask: async (database) => {
        const lock = () => database.transact((tx) => lockOrder(tx, orderId));
        const none = await lock();
        await database.transact((tx) => insertOrder(tx, order));
        const before = await lock();
        await database.transact(async (tx) => {
          const at = placedAt + 1;
          const status = await saveProgress(tx, orderId, { progress: accepted, at });
          await appendStatus(tx, orderId, { status, at });
        });
        return [none, before, await lock(), await findOrder(database.read, orderId)];
      },
      expected: [
        undefined,
        { ...known, status: "received", progress: placed },
        { ...known, status: "processing", progress: accepted },
        expect.objectContaining({ ...known, status: "processing", items: [line] }),
      ],
    },
  ],
};
