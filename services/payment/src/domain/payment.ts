import type { Verdict } from "./verdict.ts";

/** What may be shown of a card. */
export interface CardFace {
  readonly brand: string;
  readonly first6: string;
  readonly last4: string;
}

/** What was asked for; fixed when the payment is made. Amounts are minor units of their currency. */
export interface PaymentTerms {
  readonly paymentId: string;
  readonly orderId: string;
  readonly customerId: string;
  readonly merchantId: string;
  readonly paymentMethodId: string;
  readonly cardFingerprint: string;
  readonly card: CardFace;
  readonly amountMinor: number;
  readonly currency: string;
  readonly baseAmountMinor: number;
  readonly baseCurrency: string;
}

/** Why an outstanding authorisation will be undone as soon as the provider has answered. */
export type AbandonReason = "ORDER_CANCELLED" | "LATE_DECLINE" | "PROVIDER_UNREACHABLE";

/** Why an authorisation is given back. */
export type VoidReason = AbandonReason | "REVIEW_DECLINED" | "HOLD_EXPIRED" | "CAPTURE_FAILED";

/** Why a payment never got an authorisation. */
export type DeclineReason =
  | "FRAUD"
  | "PROVIDER_REFUSED"
  | "PROVIDER_UNREACHABLE"
  | "ORDER_CANCELLED";

/** One refund on its way to the provider. */
export interface Refund {
  readonly refundId: string;
  readonly amountMinor: number;
  readonly reason: string;
}

/** Asked the scorer; the provider knows nothing yet. */
export interface AwaitingVerdict {
  readonly status: "awaiting_verdict";
}
/** The provider is asked to reserve the amount. */
export interface Authorizing {
  readonly status: "authorizing";
}
/** The provider was asked, its answer is unknown, and whatever it is will be undone. */
export interface Abandoning {
  readonly status: "abandoning";
  readonly reason: AbandonReason;
}
/** Authorised on a fallback: not to be captured before the real verdict or a review. */
export interface Provisional {
  readonly status: "provisional";
  readonly authorizationId: string;
}
/** Authorised, and a person decides before `holdExpiresAt`. */
export interface Held {
  readonly status: "held";
  readonly authorizationId: string;
  readonly holdExpiresAt: number;
}
/** Authorised and ready for capture. */
export interface Authorized {
  readonly status: "authorized";
  readonly authorizationId: string;
}
/** The provider is asked to move the money; `refundRest` says why it must then come back. */
export interface Capturing {
  readonly status: "capturing";
  readonly authorizationId: string;
  readonly refundRest: string | null;
}
/** The money moved. At most one refund is under way; `refundRest` says why all of it must come back. */
export interface Captured {
  readonly status: "captured";
  readonly authorizationId: string;
  readonly refundedMinor: number;
  readonly refund: Refund | null;
  readonly refundRest: string | null;
}
/** The provider is asked to give the authorisation back. */
export interface Voiding {
  readonly status: "voiding";
  readonly authorizationId: string;
  readonly reason: VoidReason;
}
/** Ended: never authorised. */
export interface Declined {
  readonly status: "declined";
  readonly reason: DeclineReason;
}
/** Ended: authorised and given back without a charge. */
export interface Voided {
  readonly status: "voided";
  readonly reason: VoidReason;
}
/** Ended: captured and wholly refunded. */
export interface Refunded {
  readonly status: "refunded";
  readonly refundedMinor: number;
}

/**
 * Where a payment stands. It begins awaiting a verdict and ends declined, voided, captured or refunded:
 *
 *   awaiting_verdict → authorizing → authorized → capturing → captured → refunded
 *                    ↘ declined   ↘ provisional ⇄ held ↗      ↘ voiding (capture refused)
 *                                 ↘ abandoning → voiding → voided
 *
 * provisional, held and authorized may also be voided.
 */
export type PaymentState =
  | AwaitingVerdict
  | Authorizing
  | Abandoning
  | Provisional
  | Held
  | Authorized
  | Capturing
  | Captured
  | Voiding
  | Declined
  | Voided
  | Refunded;

export type PaymentStatus = PaymentState["status"];

/** Every status, in the order in which a payment can reach them. */
export const paymentStatuses = [
  "awaiting_verdict",
  "authorizing",
  "abandoning",
  "provisional",
  "held",
  "authorized",
  "capturing",
  "captured",
  "voiding",
  "declined",
  "voided",
  "refunded",
] as const satisfies readonly PaymentStatus[];

/** A payment: what was asked for, the last verdict on it, and where it stands. */
export interface Payment {
  readonly terms: PaymentTerms;
  /** Event time of the request, ms since the epoch. */
  readonly requestedAt: number;
  /** Null until the scorer or the fallback policy has spoken. */
  readonly verdict: Verdict | null;
  readonly state: PaymentState;
}

/** A command that the payment's present state does not allow. */
export class IllegalTransition extends Error {
  override readonly name = "IllegalTransition";
  readonly command: string;
  readonly status: PaymentStatus;

  constructor(command: string, status: PaymentStatus) {
    super(`${command} is not possible while the payment is ${status}`);
    this.command = command;
    this.status = status;
  }
}
