import type { ScorerVerdict } from "./verdict.ts";

interface Commanded<Type extends string> {
  readonly type: Type;
  /** When it is carried out, ms since the epoch. */
  readonly at: number;
}

/** The scorer decided; in time, late, or not at all needed any more. */
export interface ReceiveVerdict extends Commanded<"ReceiveVerdict"> {
  readonly verdict: ScorerVerdict;
}
/** No decision came in time. */
export type FallBack = Commanded<"FallBack">;
/** Still no decision: a fallback authorisation goes to review. */
export type StopAwaitingVerdict = Commanded<"StopAwaitingVerdict">;
/** The provider answered the authorisation. */
export interface RecordAuthorization extends Commanded<"RecordAuthorization"> {
  readonly answer:
    | { readonly outcome: "granted"; readonly authorizationId: string }
    | { readonly outcome: "refused"; readonly code: string };
}
/** The provider has not answered for too long. */
export type AbandonAuthorization = Commanded<"AbandonAuthorization">;
/** The order was accepted. */
export type CapturePayment = Commanded<"CapturePayment">;
/** The provider answered the capture. */
export interface RecordCapture extends Commanded<"RecordCapture"> {
  readonly answer:
    | { readonly outcome: "captured"; readonly feeMinor: number }
    | { readonly outcome: "refused"; readonly code: string };
}
/** The order was cancelled: undo whatever has been done. */
export type CancelPayment = Commanded<"CancelPayment">;
/** The provider gave the authorisation back. */
export type RecordVoid = Commanded<"RecordVoid">;
/** An analyst lets a held payment go on. */
export interface ReleaseHold extends Commanded<"ReleaseHold"> {
  readonly by: string;
  readonly reason: string;
}
/** An analyst refuses a held payment. */
export interface DeclineHold extends Commanded<"DeclineHold"> {
  readonly by: string;
  readonly reason: string;
}
/** Nobody decided in time. */
export type ExpireHold = Commanded<"ExpireHold">;
/** Captured money is to go back, wholly or in part. */
export interface RefundPayment extends Commanded<"RefundPayment"> {
  readonly refundId: string;
  readonly amountMinor: number;
  readonly reason: string;
}
/** The provider paid a refund back. */
export interface RecordRefund extends Commanded<"RecordRefund"> {
  readonly refundId: string;
}

/** Everything that can be asked of a payment that exists. */
export type PaymentCommand =
  | ReceiveVerdict
  | FallBack
  | StopAwaitingVerdict
  | RecordAuthorization
  | AbandonAuthorization
  | CapturePayment
  | RecordCapture
  | CancelPayment
  | RecordVoid
  | ReleaseHold
  | DeclineHold
  | ExpireHold
  | RefundPayment
  | RecordRefund;
