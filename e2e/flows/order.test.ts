import { randomUUID } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { call, keys } from "../support/api.ts";
import { orderBody, placeOrder, readOrder, registerCard, waitForStatus } from "../support/shop.ts";

const customerId = "cust_demo_010";

describe("an ordinary order", () => {
  test("is received, charged, and confirmed", async () => {
    const paymentMethodId = await registerCard(customerId);
    const orderId = await placeOrder({ customerId, paymentMethodId, sku: "SKU-MUG", quantity: 2 });
    await waitForStatus(orderId, "confirmed");
    expect(await readOrder(orderId)).toMatchObject({ totalMinor: 2500, currency: "USD" });
  });

  test("placed twice with one key is one order", async () => {
    const paymentMethodId = await registerCard(customerId);
    const request = {
      key: keys.shop,
      idempotencyKey: randomUUID(),
      body: orderBody({ customerId, paymentMethodId, sku: "SKU-MUG" }),
    };
    const first = await call<{ orderId: string }>("order", "/orders", request);
    const second = await call<{ orderId: string }>("order", "/orders", request);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    expect(first.headers.get("location")).toBe(`/orders/${first.body.orderId}`);
  });

  test("for the last unit goes to one customer, the other's is cancelled and not charged", async () => {
    const paymentMethodId = await registerCard(customerId);
    const buy = () => placeOrder({ customerId, paymentMethodId, sku: "SKU-LAST-ONE" });
    const [first, second] = [await buy(), await buy()];
    await waitForStatus(first, "confirmed");
    await waitForStatus(second, "cancelled");
  });
});
