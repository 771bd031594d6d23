import { freeText } from "@holdfast/service-kit";
import { holdsCardNumber } from "@holdfast/telemetry";
import { z } from "zod";
import { brandOf, cardDigits, isExpired, passesLuhn, securityCodeLength } from "../domain/card.ts";
import { paymentStatuses } from "../domain/payment.ts";

const id = z
  .string()
  .min(1)
  .max(100)
  .refine((text) => !holdsCardNumber(text), "must not be a card number");
const maxCardYears = 30;

/** A card as its holder writes it. What is wrong is pointed at, never quoted. */
function cardSchema(clock: { now(): number }) {
  return z
    .strictObject({
      number: z
        .string()
        .max(40)
        .transform(cardDigits)
        .refine((digits) => /^\d{12,19}$/.test(digits), {
          error: "must be 12 to 19 digits",
          abort: true,
        })
        .refine(passesLuhn, "is not a card number: its check digit is wrong")
        .meta({ description: "12 to 19 digits; spaces and hyphens are ignored" }),
      expMonth: z.int().min(1, { abort: true }).max(12, { abort: true }),
      expYear: z.int().min(2000).max(2999),
      cvc: z
        .string()
        .regex(/^\d{3,4}$/, "must be 3 or 4 digits")
        .meta({ description: "Checked for its form; never stored and never sent on" }),
    })
    .superRefine((card, context) => {
      const lastYear = new Date(clock.now()).getUTCFullYear() + maxCardYears;
      if (isExpired(card, clock.now())) {
        context.addIssue({ code: "custom", path: ["expYear"], message: "the card has expired" });
      } else if (card.expYear > lastYear) {
        context.addIssue({ code: "custom", path: ["expYear"], message: "is too far ahead" });
      }
      if (!securityCodeLength(brandOf(card.number)).includes(card.cvc.length)) {
        const message = "has the wrong length for the card's brand";
        context.addIssue({ code: "custom", path: ["cvc"], message });
      }
    });
}

/** Body of POST /payment-methods. */
export function newPaymentMethodSchema(clock: { now(): number }) {
  return z.strictObject({ customerId: id, card: cardSchema(clock) });
}

export type NewPaymentMethod = z.output<ReturnType<typeof newPaymentMethodSchema>>;

/** Answer of POST /payment-methods. */
export const PaymentMethodAdded = z.object({
  paymentMethodId: z.string(),
  brand: z.string(),
  last4: z.string(),
});

/** Answer of GET /payment-methods/:paymentMethodId. */
export const PaymentMethodView = PaymentMethodAdded.extend({ customerId: z.string() });

export const paymentMethodParams = z.strictObject({ paymentMethodId: id });
export const paymentParams = z.strictObject({ paymentId: id });

/** Query of GET /payments. */
export const paymentsQuery = z.strictObject({
  status: z.enum(paymentStatuses).optional(),
  orderId: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.uuid().optional().describe("nextCursor of the page before"),
});

/** Body of POST /payments/:paymentId/review. */
export const reviewBody = z.strictObject({
  decision: z.enum(["release", "decline"]),
  reason: freeText(),
});

const time = z.iso.datetime();

/** What a customer may know of a payment: nothing of verdicts. */
export const CustomerPaymentView = z.object({
  paymentId: z.string(),
  orderId: z.string(),
  status: z.enum([
    "processing",
    "under_review",
    "authorized",
    "captured",
    "declined",
    "voided",
    "refunded",
  ]),
  amountMinor: z.int(),
  currency: z.string(),
  createdAt: time,
  updatedAt: time,
});

/** What an analyst sees of a payment. */
export const AnalystPaymentView = z.object({
  paymentId: z.string(),
  orderId: z.string(),
  customerId: z.string(),
  merchantId: z.string(),
  status: z.enum(paymentStatuses),
  amountMinor: z.int(),
  currency: z.string(),
  baseAmountMinor: z.int(),
  baseCurrency: z.string(),
  refundedMinor: z.int(),
  card: z.object({
    fingerprint: z.string(),
    brand: z.string(),
    first6: z.string(),
    last4: z.string(),
  }),
  verdict: z
    .object({
      source: z.enum(["SCORER", "FALLBACK"]),
      outcome: z.enum(["APPROVE", "REVIEW", "DECLINE", "AWAIT"]),
      decisionId: z.string().nullable(),
      reasons: z.array(z.string()),
    })
    .nullable(),
  reason: z.string().nullable().describe("Why it was declined or voided"),
  holdExpiresAt: time.nullable(),
  createdAt: time,
  updatedAt: time,
});

/** A page of GET /payments, newest first. */
export const PaymentsPage = z.object({
  payments: z.array(AnalystPaymentView),
  nextCursor: z.string().nullable().describe("Null on the last page"),
});

/** Answer of GET /payments/:paymentId to an analyst: with everything that happened, oldest first. */
export const AnalystPaymentHistory = AnalystPaymentView.extend({
  history: z.array(z.looseObject({ type: z.string(), at: time })),
});

/** Body of POST /payments/:paymentId/refunds. */
export const refundBody = z.strictObject({
  amountMinor: z.int().min(1).describe("Minor units of the payment's currency"),
  reason: freeText(),
});

/** Answer of POST /payments/:paymentId/refunds. */
export const RefundReceived = z.object({
  refundId: z.string(),
  paymentId: z.string(),
  amountMinor: z.int(),
  currency: z.string(),
  status: z.literal("pending"),
});

/** Answer of GET /ledger/balances. */
export const LedgerBalances = z.object({
  balances: z.array(z.object({ account: z.string(), currency: z.string(), amountMinor: z.int() })),
  imbalances: z.array(z.object({ currency: z.string(), amountMinor: z.int() })),
});
