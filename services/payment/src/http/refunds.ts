import { idempotent, type Tx } from "@holdfast/outbox";
import {
  conflict,
  defineRoute,
  type Reply,
  type Route,
  unprocessable,
} from "@holdfast/service-kit";
import type { z } from "zod";
import { RefundExceedsCapture } from "../domain/decide-refund.ts";
import { IllegalTransition } from "../domain/payment.ts";
import { unknownPayment } from "./payments.ts";
import type { RoutesOptions } from "./routes.ts";
import { paymentParams, RefundReceived, refundBody } from "./schemas.ts";

/** POST /payments/:paymentId/refunds. */
export function refundPayment(options: RoutesOptions): Route {
  return defineRoute({
    method: "post",
    path: "/payments/:paymentId/refunds",
    summary: "Give back part or all of a captured payment",
    description: "The provider is asked after the answer; PaymentRefunded follows on `payments`.",
    auth: ["analyst", "admin"],
    idempotent: true,
    request: { params: paymentParams, body: refundBody },
    responses: {
      202: { description: "The refund is under way", schema: RefundReceived },
      409: {
        description: "Not captured, or another refund is under way; `state` says how it stands",
      },
      422: { description: "More than what is left of the capture" },
    },
    handle: (request) =>
      idempotent(options.database, request, (tx) =>
        startRefund(tx, { ...request.body, ...request.params }, options),
      ),
  });
}

async function startRefund(
  tx: Tx,
  { paymentId, amountMinor, reason }: z.output<typeof refundBody> & { paymentId: string },
  { payments, ids, clock }: RoutesOptions,
): Promise<Reply> {
  const refundId = ids.next();
  const refund = { refundId, amountMinor, reason };
  const command = { type: "RefundPayment", at: clock.now(), ...refund } as const;
  try {
    const payment = await payments.execute(tx, { paymentId }, command);
    if (payment === undefined) throw unknownPayment();
    const { currency } = payment.terms;
    return { status: 202, body: { refundId, paymentId, amountMinor, currency, status: "pending" } };
  } catch (error) {
    if (error instanceof IllegalTransition) {
      throw conflict("payment_not_refundable", "The payment cannot be refunded now", {
        detail: `The payment is ${error.status}, or another refund of it is under way`,
        extensions: { state: error.status },
      });
    }
    if (!(error instanceof RefundExceedsCapture)) throw error;
    throw unprocessable("refund_exceeds_capture", "More than what is left of the capture", {
      errors: [{ pointer: "/amountMinor", message: `at most ${error.restMinor}` }],
      extensions: { restMinor: error.restMinor },
    });
  }
}
