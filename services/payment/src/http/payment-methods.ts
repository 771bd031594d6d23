import { type Database, idempotent, type Tx } from "@holdfast/outbox";
import { defineRoute, mayActFor, Problem, type Reply, type Route } from "@holdfast/service-kit";
import { brandOf } from "../domain/card.ts";
import { findPaymentMethod, insertPaymentMethod } from "../store/payment-methods.ts";
import type { RoutesOptions } from "./routes.ts";
import {
  type NewPaymentMethod,
  newPaymentMethodSchema,
  PaymentMethodAdded,
  PaymentMethodView,
  paymentMethodParams,
} from "./schemas.ts";

/** POST /payment-methods: the only place where a card number enters the house. */
export function addPaymentMethod(options: RoutesOptions): Route {
  const { database, vault } = options;
  return defineRoute({
    method: "post",
    path: "/payment-methods",
    summary: "Put a card into the vault and get a token for it",
    description:
      "With an Idempotency-Key a repeated request gets the first one's token; without one each request makes a token.",
    auth: ["customer"],
    request: { body: newPaymentMethodSchema(options.clock) },
    responses: {
      201: {
        description: "The token",
        schema: PaymentMethodAdded,
        headers: { Location: "The payment method" },
      },
    },
    handle: async (request) => {
      const { body, caller, idempotencyKey } = request;
      if (!mayActFor(caller, body.customerId)) {
        throw foreignCustomer();
      }
      const add = (tx: Tx): Promise<Reply> => storeCard(tx, body, options);
      if (idempotencyKey === undefined) return database.transact(add);
      // The key's fingerprint is a plain hash: of the card number only the keyed one may go in.
      const { customerId, card } = body;
      const { expMonth, expYear } = card;
      const shown = { customerId, expMonth, expYear, card: vault.fingerprint(card.number) };
      return idempotent(database, { ...request, body: shown }, add);
    },
  });
}

async function storeCard(
  tx: Tx,
  { customerId, card }: NewPaymentMethod,
  { ids, vault, clock }: RoutesOptions,
): Promise<Reply> {
  const { number, expMonth, expYear } = card;
  const paymentMethodId = `pm_${ids.next()}`;
  const brand = brandOf(number);
  const last4 = number.slice(-4);
  await insertPaymentMethod(
    tx,
    {
      paymentMethodId,
      customerId,
      cardFingerprint: vault.fingerprint(number),
      brand,
      first6: number.slice(0, 6),
      last4,
      expMonth,
      expYear,
    },
    { sealedNumber: vault.seal(number, paymentMethodId), createdAt: clock.now() },
  );
  return {
    status: 201,
    headers: { Location: `/payment-methods/${paymentMethodId}` },
    body: { paymentMethodId, brand, last4 },
  };
}

/** GET /payment-methods/:paymentMethodId. */
export function readPaymentMethod({ database }: { database: Database }): Route {
  return defineRoute({
    method: "get",
    path: "/payment-methods/:paymentMethodId",
    summary: "Whose card a token stands for, and how to show it",
    auth: ["customer"],
    request: { params: paymentMethodParams },
    responses: { 200: { description: "The payment method", schema: PaymentMethodView } },
    handle: async ({ params, caller }) => {
      const method = await findPaymentMethod(database.read, params.paymentMethodId);
      if (method === undefined || !mayActFor(caller, method.customerId)) {
        throw unknownPaymentMethod();
      }
      const { paymentMethodId, customerId, brand, last4 } = method;
      return { status: 200, body: { paymentMethodId, customerId, brand, last4 } };
    },
  });
}

function foreignCustomer(): Problem {
  return new Problem({
    status: 403,
    code: "forbidden",
    title: "This key may not act for this customer",
    errors: [{ pointer: "/customerId", message: "Not the customer of this key" }],
  });
}

function unknownPaymentMethod(): Problem {
  return new Problem({
    status: 404,
    code: "payment_method_not_found",
    title: "There is no such payment method",
    errors: [{ pointer: "/path/paymentMethodId", message: "No payment method of this id" }],
  });
}
