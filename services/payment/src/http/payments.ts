import { type Database, idempotent, type Tx } from "@holdfast/outbox";
import {
  type Caller,
  conflict,
  defineRoute,
  mayActFor,
  Problem,
  pageOf,
  type Reply,
  type Route,
} from "@holdfast/service-kit";
import { annotateSpan } from "@holdfast/telemetry";
import type { z } from "zod";
import { IllegalTransition } from "../domain/payment.ts";
import { findPayment, listPayments, readHistory } from "../store/payments.ts";
import type { RoutesOptions } from "./routes.ts";
import {
  AnalystPaymentHistory,
  AnalystPaymentView,
  CustomerPaymentView,
  PaymentsPage,
  paymentParams,
  paymentsQuery,
  reviewBody,
} from "./schemas.ts";
import { analystHistory, analystView, customerView } from "./views.ts";

/** GET /payments/:paymentId. */
export function readPayment({ database }: { database: Database }): Route {
  return defineRoute({
    method: "get",
    path: "/payments/:paymentId",
    summary:
      "How a payment stands: in neutral words for the customer, with its history for analysts",
    auth: ["customer", "analyst"],
    request: { params: paymentParams },
    responses: {
      200: {
        description: "The payment",
        schema: AnalystPaymentHistory.or(CustomerPaymentView),
      },
    },
    handle: async ({ params, caller }) => {
      const found = await findPayment(database.read, params.paymentId);
      const analyst = caller.scopes.includes("analyst");
      if (found === undefined || !(analyst || mayActFor(caller, found.payment.terms.customerId))) {
        throw unknownPayment();
      }
      if (!analyst) return { status: 200, body: customerView(found) };
      const history = await readHistory(database.read, params.paymentId);
      return { status: 200, body: analystHistory(found, history) };
    },
  });
}

/** GET /payments. */
export function listPaymentsRoute({ database }: { database: Database }): Route {
  return defineRoute({
    method: "get",
    path: "/payments",
    summary: "Payments, newest first; status=held lists what waits for a person",
    auth: ["analyst"],
    request: { query: paymentsQuery },
    responses: { 200: { description: "A page", schema: PaymentsPage } },
    handle: async ({ query }) => {
      const { status, orderId, cursor, limit } = query;
      const { items, nextCursor } = await pageOf(
        limit,
        (count) => listPayments(database.read, { status, orderId, before: cursor, limit: count }),
        ({ payment }) => payment.terms.paymentId,
      );
      return { status: 200, body: { payments: items.map(analystView), nextCursor } };
    },
  });
}

/** POST /payments/:paymentId/review. */
export function reviewPayment(options: RoutesOptions): Route {
  const { database } = options;
  return defineRoute({
    method: "post",
    path: "/payments/:paymentId/review",
    summary: "Release or decline a held payment",
    description:
      "Of several reviews one wins; the others get 409 with the present state. With an Idempotency-Key a repeated request gets the first one's answer.",
    auth: ["analyst"],
    request: { params: paymentParams, body: reviewBody },
    responses: {
      200: { description: "The payment after the review", schema: AnalystPaymentView },
      409: { description: "The payment is not held; `state` says how it stands" },
    },
    handle: async (request) => {
      const { params, body, caller } = request;
      const { paymentId } = params;
      const work = (tx: Tx): Promise<Reply> => review(tx, { paymentId, body, caller }, options);
      if (request.idempotencyKey === undefined) return database.transact(work);
      return idempotent(database, request, work);
    },
  });
}

interface Review {
  readonly paymentId: string;
  readonly body: z.output<typeof reviewBody>;
  readonly caller: Caller;
}

async function review(
  tx: Tx,
  { paymentId, body, caller }: Review,
  { payments, clock }: RoutesOptions,
): Promise<Reply> {
  const at = clock.now();
  const type = body.decision === "release" ? "ReleaseHold" : "DeclineHold";
  const command = { type, at, by: caller.name, reason: body.reason } as const;
  try {
    const payment = await payments.execute(tx, { paymentId }, command);
    if (payment === undefined) throw unknownPayment();
    const { orderId } = payment.terms;
    annotateSpan({ "holdfast.order_id": orderId, "holdfast.payment_id": paymentId });
    return { status: 200, body: analystView({ payment, updatedAt: at }) };
  } catch (error) {
    if (!(error instanceof IllegalTransition)) throw error;
    throw conflict("payment_not_held", "Only a held payment can be reviewed", {
      detail: `The payment is ${error.status}`,
      extensions: { state: error.status },
    });
  }
}

/** 404 for what is no payment, or not the caller's to see. */
export const unknownPayment = (): Problem =>
  new Problem({
    status: 404,
    code: "payment_not_found",
    title: "There is no such payment",
    errors: [{ pointer: "/path/paymentId", message: "No payment of this id" }],
  });
