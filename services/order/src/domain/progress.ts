/**
 * How far an order has come. Order is the process manager: nothing else decides.
 *
 *   pending ── stock reserved and payment capturable ──► accepted ── captured ──► confirmed
 *      │                                                    │
 *      └──────────── refused, expired or cancelled ─────────┴──► cancelled
 *
 * Stock and payment answer in any order. A pending order whose stock is reserved and whose payment is
 * capturable does not exist: the answer that completes the pair accepts the order.
 */
export type Progress = Pending | Accepted | Confirmed | Cancelled;

/** Nothing is charged yet; the customer may still cancel. */
export type Pending =
  | {
      readonly status: "pending";
      readonly stock: "awaited";
      readonly payment: AwaitedPayment | RestrainedPayment | CapturablePayment;
    }
  | {
      readonly status: "pending";
      readonly stock: "reserved";
      readonly payment: AwaitedPayment | RestrainedPayment;
    };

/** Told to capture, once: the customer can no longer cancel, but a failed capture still can. */
export interface Accepted {
  readonly status: "accepted";
  readonly paymentId: string;
}

/** The money moved; the end of a sale. */
export interface Confirmed {
  readonly status: "confirmed";
  readonly paymentId: string;
}

/** The end without a sale. */
export interface Cancelled {
  readonly status: "cancelled";
  readonly reason: CancellationReason;
  /** The payment that was under way, if it was known. */
  readonly paymentId: string | null;
}

export interface AwaitedPayment {
  readonly stage: "awaited";
}

/** Authorised, but not to be captured: on a fallback's word alone, or held for a person. */
export interface RestrainedPayment {
  readonly stage: "authorised" | "held";
  readonly paymentId: string;
}

/** Authorised, and nothing speaks against its capture. */
export interface CapturablePayment {
  readonly stage: "capturable";
  readonly paymentId: string;
}

/** Why an order ended without a sale, in the words of OrderCancelled. */
export type CancellationReason =
  | "CUSTOMER"
  | "OUT_OF_STOCK"
  | "PAYMENT_DECLINED"
  | "PAYMENT_VOIDED"
  | "CAPTURE_FAILED"
  | "TIMED_OUT";

/** Every order begins here. */
export const placed: Pending = {
  status: "pending",
  stock: "awaited",
  payment: { stage: "awaited" },
};
