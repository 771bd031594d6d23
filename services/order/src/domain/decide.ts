import type { OrderEvent } from "./evolve.ts";
import type {
  CancellationReason,
  CapturablePayment,
  Pending,
  Progress,
  RestrainedPayment,
} from "./progress.ts";

/** What an order may be asked to do; answers of other services arrive as Record… and Abandon…. */
export type Command =
  | { readonly type: "RecordStockReserved" }
  | { readonly type: "RecordPayment"; readonly payment: RestrainedPayment | CapturablePayment }
  | { readonly type: "RecordCapture"; readonly paymentId: string }
  /** The sale cannot go on: a refusal, an expiry, a failed capture. */
  | {
      readonly type: "AbandonOrder";
      readonly reason: Exclude<CancellationReason, "CUSTOMER">;
      readonly paymentId: string | null;
    }
  /** The customer's wish. */
  | { readonly type: "CancelOrder" };

/** Why a command is refused: too late to cancel, or a capture that the order never asked for. */
export type Refusal = "already_accepted" | "not_accepted";

/** Events to apply and publish, none when the order already knows; or why the command is refused. */
export type Decision = { readonly events: readonly OrderEvent[] } | { readonly refusal: Refusal };

const nothing: Decision = { events: [] };

/**
 * Decides what a command does to an order. Pure. A command repeated, or overtaken by the order's end,
 * yields no events, so the same reply twice does not advance an order twice.
 */
export function decide(command: Command, state: Progress): Decision {
  switch (command.type) {
    case "RecordStockReserved":
      return state.status === "pending" ? recordStockReserved(state) : nothing;
    case "RecordPayment":
      return state.status === "pending" ? recordPayment(command.payment, state) : nothing;
    case "RecordCapture":
      return recordCapture(command.paymentId, state);
    case "AbandonOrder":
      return abandon(command, state);
    case "CancelOrder":
      return cancel(state);
  }
}

function recordStockReserved({ stock, payment }: Pending): Decision {
  if (stock === "reserved") return nothing;
  if (payment.stage === "capturable") return accept(payment);
  return { events: [{ type: "StockSecured" }] };
}

function recordPayment(payment: RestrainedPayment | CapturablePayment, state: Pending): Decision {
  if (payment.stage === state.payment.stage) return nothing;
  if (payment.stage === "capturable" && state.stock === "reserved") return accept(payment);
  return { events: [{ type: "PaymentAdvanced", payment }] };
}

function accept({ paymentId }: CapturablePayment): Decision {
  return { events: [{ type: "OrderAccepted", paymentId }] };
}

function recordCapture(paymentId: string, state: Progress): Decision {
  switch (state.status) {
    // Only OrderAccepted asks for a capture: money that moved without it is a fault to be looked at.
    case "pending":
      return { refusal: "not_accepted" };
    case "accepted":
      return { events: [{ type: "OrderConfirmed", paymentId }] };
    // Captured while the order was being cancelled: payment refunds when it reads OrderCancelled.
    case "confirmed":
    case "cancelled":
      return nothing;
  }
}

function abandon(command: Command & { type: "AbandonOrder" }, state: Progress): Decision {
  if (state.status === "confirmed" || state.status === "cancelled") return nothing;
  const paymentId = command.paymentId ?? knownPaymentId(state);
  return { events: [{ type: "OrderCancelled", reason: command.reason, paymentId }] };
}

function cancel(state: Progress): Decision {
  switch (state.status) {
    case "pending": {
      const paymentId = knownPaymentId(state);
      return { events: [{ type: "OrderCancelled", reason: "CUSTOMER", paymentId }] };
    }
    case "cancelled":
      return nothing;
    case "accepted":
    case "confirmed":
      return { refusal: "already_accepted" };
  }
}

function knownPaymentId(state: Progress): string | null {
  if (state.status !== "pending") return state.paymentId;
  return state.payment.stage === "awaited" ? null : state.payment.paymentId;
}
