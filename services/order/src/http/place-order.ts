import type { IdempotentReply, Tx } from "@holdfast/outbox";
import {
  type Clock,
  type FieldError,
  type Ids,
  Problem,
  unprocessable,
} from "@holdfast/service-kit";
import { annotateSpan } from "@holdfast/telemetry";
import { priceOrder } from "../domain/price-order.ts";
import { statusChanged } from "../handlers/carry-out.ts";
import type { PaymentMethod } from "../payment/payment-methods.ts";
import { customerExists, findProducts } from "../store/catalogue.ts";
import { insertOrder, type PlacedOrder } from "../store/orders.ts";
import type { OrderRequest } from "./schemas.ts";

/** What placing an order needs besides the transaction. */
export interface PlaceOrderOptions {
  readonly ids: Ids;
  readonly clock: Clock;
  /** ISO 4217 codes that payment can convert. */
  readonly currencies: ReadonlySet<string>;
  readonly announce: (orderId: string) => void;
}

/** A request together with what payment said of its payment method. */
export interface OrderToPlace {
  readonly request: OrderRequest;
  readonly paymentMethod: PaymentMethod;
}

/** Places an order inside the caller's transaction; throws a Problem naming everything that is wrong. */
export type PlaceOrder = (tx: Tx, order: OrderToPlace) => Promise<IdempotentReply>;

/** Makes PlaceOrder: checks and prices the request, writes the order and OrderPlaced together. */
export function createPlaceOrder(options: PlaceOrderOptions): PlaceOrder {
  const { ids, clock, announce } = options;
  return async (tx, toPlace) => {
    const { customerId, paymentMethodId } = toPlace.request;
    const cart = await acceptableCart(tx, toPlace, options);
    const order = { orderId: ids.next(), customerId, paymentMethodId, cart, placedAt: clock.now() };
    annotateSpan({ "holdfast.order_id": order.orderId });
    await insertOrder(tx, order);
    await publishPlaced(tx, order);
    const { orderId } = order;
    const status = "received";
    tx.afterCommit(() => statusChanged(orderId, status, announce));
    return { status: 202, headers: { Location: `/orders/${orderId}` }, body: { orderId, status } };
  };
}

async function acceptableCart(
  tx: Tx,
  { request, paymentMethod }: OrderToPlace,
  { currencies }: PlaceOrderOptions,
) {
  const errors: FieldError[] = [];
  if (!(await customerExists(tx.query, request.customerId))) {
    errors.push({ pointer: "/customerId", message: "No such customer" });
  }
  errors.push(...paymentMethodErrors(request, paymentMethod));
  const products = await findProducts(
    tx.query,
    request.items.map(({ sku }) => sku),
  );
  const cart = priceOrder(request, { products, currencies });
  if ("violations" in cart) errors.push(...cart.violations);
  if (errors.length > 0 || "violations" in cart) {
    throw unprocessable("order_refused", "The order cannot be placed", { errors });
  }
  // Last: what is wrong with the request is wrong whether payment answers or not.
  if (paymentMethod.found === "unavailable") throw paymentUnavailable();
  return cart;
}

// A foreign method is answered like an unknown one: whose it is is nobody's business.
function paymentMethodErrors(request: OrderRequest, method: PaymentMethod): FieldError[] {
  const foreign = method.found === "known" && method.customerId !== request.customerId;
  if (!foreign && method.found !== "unknown") return [];
  return [{ pointer: "/paymentMethodId", message: "No such payment method of this customer" }];
}

function paymentUnavailable(): Problem {
  return new Problem({
    status: 503,
    code: "payment_unavailable",
    title: "The payment method cannot be checked at the moment; try again shortly",
    retryAfterSeconds: 2,
  });
}

async function publishPlaced(tx: Tx, order: PlacedOrder): Promise<void> {
  const { orderId, customerId, paymentMethodId, placedAt } = order;
  const { merchantId, lines, totalMinor, currency } = order.cart;
  await tx.publish(
    "orders",
    "OrderPlaced",
    {
      orderId,
      customerId,
      merchantId,
      paymentMethodId,
      items: [...lines],
      amountMinor: totalMinor,
      currency,
      occurredAt: placedAt,
    },
    { key: customerId, entityId: orderId },
  );
}
