import { type Database, idempotent } from "@holdfast/outbox";
import {
  type Caller,
  conflict,
  defineRoute,
  mayActFor,
  type Nudge,
  notFound,
  Problem,
  pageOf,
  type Route,
} from "@holdfast/service-kit";
import type { Product } from "../domain/price-order.ts";
import { isFinal, type PublicStatus } from "../domain/public-status.ts";
import type { CarryOut } from "../handlers/carry-out.ts";
import type { PaymentMethods } from "../payment/payment-methods.ts";
import { listProducts } from "../store/catalogue.ts";
import { findOrder, type OrderView } from "../store/orders.ts";
import { statusEventsAfter } from "../store/status-events.ts";
import type { PlaceOrder } from "./place-order.ts";
import * as schemas from "./schemas.ts";
import { sequenceOf, statusStream } from "./status-stream.ts";

/** What the routes need. */
export interface RouteOptions {
  readonly database: Database;
  readonly paymentMethods: PaymentMethods;
  readonly placeOrder: PlaceOrder;
  readonly carryOut: CarryOut;
  readonly nudge: Nudge;
  /** The longest time in which a status stream looks for news on its own. */
  readonly streamLookMs: number;
}

/** The service's HTTP interface. */
export function createRoutes(options: RouteOptions): Route[] {
  return [
    products(options),
    placeOrder(options),
    showOrder(options),
    streamStatus(options),
    cancelOrder(options),
  ];
}

function products({ database }: RouteOptions): Route {
  return defineRoute({
    method: "get",
    path: "/products",
    summary: "List what can be ordered",
    auth: ["customer"],
    request: { query: schemas.productQuery },
    responses: { 200: { description: "By ascending sku", schema: schemas.productList } },
    handle: async ({ query: { limit, cursor } }) => {
      const { items: products, nextCursor } = await pageOf<Product>(
        limit,
        (count) => listProducts(database.read, { after: cursor, limit: count }),
        ({ sku }) => sku,
      );
      return { status: 200, body: { products, nextCursor } };
    },
  });
}

function placeOrder({ database, paymentMethods, placeOrder: place }: RouteOptions): Route {
  return defineRoute({
    method: "post",
    path: "/orders",
    summary: "Place an order",
    description: "Prices are the catalogue's. Follow the order by its Location.",
    auth: ["customer"],
    idempotent: true,
    request: { body: schemas.orderRequest },
    responses: {
      202: {
        description: "The order is received",
        schema: schemas.orderReceived,
        headers: { Location: "Path of the order" },
      },
    },
    handle: async (request) => {
      const { body, caller } = request;
      if (!mayActFor(caller, body.customerId)) throw foreignCustomer();
      // Asked before the transaction, which must not wait for another service, but judged inside: a
      // request that was answered before gets its answer whatever payment says now.
      const paymentMethod = await paymentMethods.find(body.paymentMethodId);
      return idempotent(database, request, (tx) => place(tx, { request: body, paymentMethod }));
    },
  });
}

function showOrder({ database }: RouteOptions): Route {
  return defineRoute({
    method: "get",
    path: "/orders/:orderId",
    summary: "Show an order",
    auth: ["customer"],
    request: { params: schemas.orderPath },
    responses: { 200: { description: "The order", schema: schemas.orderDocument } },
    handle: async ({ params, caller }) => {
      const order = await visibleOrder(database, caller, params.orderId);
      return { status: 200, body: documentOf(order) };
    },
  });
}

function streamStatus({ database, nudge, streamLookMs: lookMs }: RouteOptions): Route {
  return defineRoute({
    method: "get",
    path: "/orders/:orderId/events",
    summary: "Follow an order's status",
    description:
      "Server-sent events named `status`, from the first or from behind Last-Event-ID; the stream " +
      "ends with the final status. Each event's data is a JSON object.",
    auth: ["customer"],
    request: { params: schemas.orderPath },
    responses: {
      200: {
        description: "One event per status",
        schema: schemas.statusEvent,
        contentType: "text/event-stream",
      },
      204: { description: "The client has the final status: there is nothing more to follow" },
    },
    handle: async ({ params, caller, lastEventId, signal }) => {
      const after = sequenceOf(lastEventId);
      const { orderId, status } = await visibleOrder(database, caller, params.orderId);
      if (isFinal(status) && (await hasAll(database, orderId, after))) return { status: 204 };
      const options = { query: database.read, nudge, lookMs };
      return { status: 200, events: statusStream(options, { orderId, after, signal }) };
    },
  });
}

function cancelOrder({ database, carryOut }: RouteOptions): Route {
  return defineRoute({
    method: "post",
    path: "/orders/:orderId/cancel",
    summary: "Cancel an order",
    description: "Possible until the order is accepted. Cancelling twice is as good as once.",
    auth: ["customer"],
    request: { params: schemas.orderPath },
    responses: {
      200: { description: "The order, cancelled", schema: schemas.orderDocument },
      409: { description: "Too late; `state` says where the order stands" },
    },
    handle: async ({ params, caller }) => {
      const { orderId } = await visibleOrder(database, caller, params.orderId);
      const refusal = await database.transact((tx) =>
        carryOut(tx, orderId, { type: "CancelOrder" }),
      );
      const order = await visibleOrder(database, caller, orderId);
      if (refusal !== undefined) throw tooLateToCancel(order.status);
      return { status: 200, body: documentOf(order) };
    },
  });
}

/** The order, if it is one that the caller may see. */
async function visibleOrder(
  database: Database,
  caller: Caller,
  orderId: string,
): Promise<OrderView> {
  const order = await findOrder(database.read, orderId);
  if (order !== undefined && mayActFor(caller, order.customerId)) return order;
  throw notFound("order_not_found", "There is no such order", {
    errors: [{ pointer: "/path/orderId", message: "No such order" }],
  });
}

async function hasAll(database: Database, orderId: string, after: number): Promise<boolean> {
  return after > 0 && (await statusEventsAfter(database.read, orderId, after)).length === 0;
}

function documentOf({ customerId: _, createdAt, updatedAt, ...order }: OrderView) {
  return { ...order, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}

function foreignCustomer(): Problem {
  return new Problem({
    status: 403,
    code: "forbidden",
    title: "This key may not order for this customer",
    errors: [{ pointer: "/customerId", message: "Not the customer of this key" }],
  });
}

function tooLateToCancel(status: PublicStatus): Problem {
  return conflict("order_not_cancellable", "The order can no longer be cancelled", {
    extensions: { state: status },
  });
}
