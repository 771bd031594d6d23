import { holdsCardNumber } from "@holdfast/telemetry";
import { z } from "zod";

const word = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !holdsCardNumber(text), "Must not hold a card number");
const minorUnits = z.int().positive().max(Number.MAX_SAFE_INTEGER);
const currency = z.string().regex(/^[A-Z]{3}$/, "An ISO 4217 code");

/** A transaction to be scored: what a payment service of one's own knows of it. */
export const transactionBody = z
  .strictObject({
    transactionId: word.max(100).describe("The payment's id; decisions and labels name it"),
    orderId: word.optional(),
    customerId: word,
    cardFingerprint: word.describe("A keyed hash of the card number, never the number itself"),
    merchantId: word,
    amountMinor: minorUnits.describe("In minor units of currency"),
    currency,
    baseAmountMinor: minorUnits
      .optional()
      .describe("The amount in the rules' currency; needed when currency is another one"),
    baseCurrency: currency.optional(),
    cardBrand: z.string().max(30).optional(),
    cardFirst6: z
      .string()
      .regex(/^\d{6}$/)
      .optional(),
    cardLast4: z
      .string()
      .regex(/^\d{4}$/)
      .optional(),
    occurredAt: z.iso.datetime({ offset: true }).optional().describe("Default: now"),
  })
  .refine(
    (body) => (body.baseAmountMinor === undefined) === (body.baseCurrency === undefined),
    "baseAmountMinor and baseCurrency belong together",
  );

/** See {@link transactionBody}. */
export type TransactionBody = z.output<typeof transactionBody>;

/** Where to look for a decision that was not there in time. */
export const pendingDecision = z.object({
  decisionId: z.string(),
  status: z.literal("pending"),
});
