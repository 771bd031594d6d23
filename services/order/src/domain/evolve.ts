import type {
  CancellationReason,
  CapturablePayment,
  Pending,
  Progress,
  RestrainedPayment,
} from "./progress.ts";

/** What happened to an order since it was placed. Order… events are published, the others are not. */
export type OrderEvent =
  | { readonly type: "StockSecured" }
  | { readonly type: "PaymentAdvanced"; readonly payment: RestrainedPayment | CapturablePayment }
  | { readonly type: "OrderAccepted"; readonly paymentId: string }
  | { readonly type: "OrderConfirmed"; readonly paymentId: string }
  | {
      readonly type: "OrderCancelled";
      readonly reason: CancellationReason;
      readonly paymentId: string | null;
    };

/** Applies one event. Pure. Throws on a history that `decide` never makes. */
export function evolve(state: Progress, event: OrderEvent): Progress {
  switch (event.type) {
    case "StockSecured":
      return secureStock(pending(state, event));
    case "PaymentAdvanced":
      return advancePayment(pending(state, event), event.payment);
    case "OrderAccepted":
      pending(state, event);
      return { status: "accepted", paymentId: event.paymentId };
    case "OrderConfirmed":
      if (state.status !== "accepted") throw impossible(state, event);
      return { status: "confirmed", paymentId: event.paymentId };
    case "OrderCancelled":
      if (state.status === "confirmed" || state.status === "cancelled") {
        throw impossible(state, event);
      }
      return { status: "cancelled", reason: event.reason, paymentId: event.paymentId };
  }
}

function secureStock({ payment }: Pending): Pending {
  if (payment.stage === "capturable") throw new Error("This answer should have accepted the order");
  return { status: "pending", stock: "reserved", payment };
}

function advancePayment(
  { stock }: Pending,
  payment: RestrainedPayment | CapturablePayment,
): Pending {
  if (stock === "awaited") return { status: "pending", stock, payment };
  if (payment.stage === "capturable") throw new Error("This answer should have accepted the order");
  return { status: "pending", stock, payment };
}

function pending(state: Progress, event: OrderEvent): Pending {
  if (state.status !== "pending") throw impossible(state, event);
  return state;
}

function impossible(state: Progress, event: OrderEvent): Error {
  return new Error(`${event.type} cannot happen to an order that is ${state.status}`);
}
