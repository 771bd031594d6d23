import { randomInt, randomUUID } from "node:crypto";
import { waitFor } from "@holdfast/testkit";
import { call, keys } from "./api.ts";

/** An order as its customer sees it. */
export interface PublicOrder {
  readonly orderId: string;
  readonly status: "received" | "processing" | "under_review" | "confirmed" | "cancelled";
  readonly totalMinor: number;
  readonly currency: string;
}

/** A payment as an analyst sees it. */
export interface PublicPayment {
  readonly paymentId: string;
  readonly orderId: string;
  readonly status: string;
}

function luhnCheckDigit(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

/** A valid card number that no other test uses; a Visa one, or of the brand that the prefix means. */
export function freshCardNumber(prefix = "4000", length = 16): string {
  const free = length - 1 - prefix.length;
  const digits = `${prefix}${String(randomInt(10 ** free)).padStart(free, "0")}`;
  return `${digits}${luhnCheckDigit(digits)}`;
}

/** Registers a card of its own for a customer and returns its token. */
export async function registerCard(customerId: string): Promise<string> {
  const { status, body } = await call<{ paymentMethodId: string }>("payment", "/payment-methods", {
    key: keys.shop,
    idempotencyKey: randomUUID(),
    body: {
      customerId,
      card: { number: freshCardNumber(), expMonth: 12, expYear: 2031, cvc: "123" },
    },
  });
  if (status !== 201) throw new Error(`the card was refused: ${status} ${JSON.stringify(body)}`);
  return body.paymentMethodId;
}

export interface Purchase {
  readonly customerId: string;
  readonly paymentMethodId: string;
  readonly sku: string;
  readonly quantity?: number;
}

/** The body of POST /orders for one product. */
export const orderBody = (purchase: Purchase) => ({
  customerId: purchase.customerId,
  paymentMethodId: purchase.paymentMethodId,
  currency: "USD",
  items: [{ sku: purchase.sku, quantity: purchase.quantity ?? 1 }],
});

/** Places an order and returns its id. */
export async function placeOrder(purchase: Purchase): Promise<string> {
  const { status, body } = await call<PublicOrder>("order", "/orders", {
    key: keys.shop,
    idempotencyKey: randomUUID(),
    body: orderBody(purchase),
  });
  if (status !== 202) throw new Error(`the order was refused: ${status} ${JSON.stringify(body)}`);
  return body.orderId;
}

export async function readOrder(orderId: string): Promise<PublicOrder> {
  return (await call<PublicOrder>("order", `/orders/${orderId}`, { key: keys.shop })).body;
}

/** Waits until the order has the status. Fails with the last status seen. */
export async function waitForStatus(orderId: string, status: PublicOrder["status"]): Promise<void> {
  await waitFor(
    async () => {
      const seen = (await readOrder(orderId)).status;
      if (seen !== status) throw new Error(`order ${orderId} is ${seen}`);
      return true;
    },
    { limitMs: 20_000, what: `status ${status}` },
  );
}

/** The payment of an order, once there is one. */
export async function paymentOf(orderId: string): Promise<PublicPayment> {
  const find = async (): Promise<PublicPayment | undefined> => {
    const { body } = await call<{ payments: PublicPayment[] }>(
      "payment",
      `/payments?orderId=${orderId}`,
      { key: keys.analyst },
    );
    return body.payments[0];
  };
  return waitFor(find, { limitMs: 20_000, what: `the payment of order ${orderId}` });
}

/** Ends a hold as an analyst. */
export async function review(orderId: string, decision: "release" | "decline"): Promise<void> {
  const { paymentId } = await paymentOf(orderId);
  const { status, body } = await call("payment", `/payments/${paymentId}/review`, {
    key: keys.analyst,
    idempotencyKey: randomUUID(),
    body: { decision, reason: "known customer" },
  });
  if (status >= 300) throw new Error(`the review failed: ${status} ${JSON.stringify(body)}`);
}
