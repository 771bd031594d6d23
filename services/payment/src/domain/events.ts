import type { AbandonReason, DeclineReason, PaymentTerms, VoidReason } from "./payment.ts";
import type { Verdict } from "./verdict.ts";

interface Occurred<Type extends string> {
  readonly type: Type;
  /** When it became true, ms since the epoch. */
  readonly at: number;
}

/** The scorer is asked for a verdict. */
export interface PaymentRequested extends Occurred<"PaymentRequested"> {
  readonly terms: PaymentTerms;
}
/** The scorer, or the fallback policy in its place, has spoken. */
export interface VerdictReceived extends Occurred<"VerdictReceived"> {
  readonly verdict: Verdict;
}
/** The provider is to reserve the amount. */
export type AuthorizationStarted = Occurred<"AuthorizationStarted">;
/** The provider's answer is still unknown, and is to be undone. */
export interface AuthorizationAbandoned extends Occurred<"AuthorizationAbandoned"> {
  readonly reason: AbandonReason;
}
/** Settled step: the provider reserved the amount. */
export interface AuthorizationGranted extends Occurred<"AuthorizationGranted"> {
  readonly authorizationId: string;
  readonly amountMinor: number;
}
/** What the authorisation means to the order: may it be captured already? */
export interface PaymentAuthorized extends Occurred<"PaymentAuthorized"> {
  readonly captureAllowed: boolean;
}
/** A person is to decide before `holdExpiresAt`. */
export interface PaymentHeld extends Occurred<"PaymentHeld"> {
  readonly holdExpiresAt: number;
}
/** A fallback or a hold ended in the customer's favour. */
export interface PaymentReleased extends Occurred<"PaymentReleased"> {
  readonly releasedBy: string;
  readonly reason: string;
}
/** An analyst said what the payment really was. */
export interface PaymentLabelled extends Occurred<"PaymentLabelled"> {
  readonly label: "FRAUD" | "LEGITIMATE";
  readonly labelledBy: string;
  readonly reason: string;
}
/** The provider is to move the money. */
export type CaptureStarted = Occurred<"CaptureStarted">;
/** Settled step: the money moved. */
export interface PaymentCaptured extends Occurred<"PaymentCaptured"> {
  readonly amountMinor: number;
  /** What the provider keeps of it, in the same minor units. */
  readonly feeMinor: number;
}
/** Settled step: the provider refused the capture for good. */
export interface CaptureRefused extends Occurred<"CaptureRefused"> {
  readonly amountMinor: number;
  readonly reason: string;
}
/** The provider is to give the authorisation back. */
export interface VoidStarted extends Occurred<"VoidStarted"> {
  readonly reason: VoidReason;
}
/** Settled step: the authorisation was given back. */
export interface PaymentVoided extends Occurred<"PaymentVoided"> {
  readonly amountMinor: number;
  readonly reason: VoidReason;
}
/** The payment ended without an authorisation. */
export interface PaymentDeclined extends Occurred<"PaymentDeclined"> {
  readonly reason: DeclineReason;
  /** The provider's code when it refused. */
  readonly providerCode: string | null;
}
/** Everything that is or will be captured must come back. */
export interface RefundOwed extends Occurred<"RefundOwed"> {
  readonly reason: string;
}
/** The provider is to pay back. */
export interface RefundStarted extends Occurred<"RefundStarted"> {
  readonly refundId: string;
  readonly amountMinor: number;
  readonly reason: string;
}
/** Settled step: the provider paid back. */
export interface PaymentRefunded extends Occurred<"PaymentRefunded"> {
  readonly refundId: string;
  readonly amountMinor: number;
  readonly refundedTotalMinor: number;
  readonly reason: string;
}

/**
 * The history of a payment. Each settled step with the provider is exactly one event with its amount:
 * AuthorizationGranted, PaymentCaptured, CaptureRefused, PaymentVoided, PaymentRefunded.
 */
export type PaymentEvent =
  | PaymentRequested
  | VerdictReceived
  | AuthorizationStarted
  | AuthorizationAbandoned
  | AuthorizationGranted
  | PaymentAuthorized
  | PaymentHeld
  | PaymentReleased
  | PaymentLabelled
  | CaptureStarted
  | PaymentCaptured
  | CaptureRefused
  | VoidStarted
  | PaymentVoided
  | PaymentDeclined
  | RefundOwed
  | RefundStarted
  | PaymentRefunded;
