import { fileURLToPath } from "node:url";
import { eventServiceVariables } from "@holdfast/event-service";
import { variable } from "@holdfast/service-kit";
import { z } from "zod";
import type { ExchangeTable } from "./domain/money.ts";

const hourMs = 60 * 60 * 1000;

/** The environment of the payment service. */
export const configuration = z.object({
  ...eventServiceVariables,
  PAYMENT_PROVIDER_URL: variable.url(),
  /** The longest wait for one answer of the provider's. */
  PROVIDER_TIMEOUT_MS: variable.durationMs().default(2_000),
  /** How long an authorisation may stay without an answer before the order is told no. */
  PROVIDER_LIMIT_MS: variable.durationMs().default(60_000),
  CARD_VAULT_KEY: variable.base64Key(32),
  CARD_FINGERPRINT_KEY: variable.base64Key(32),
  /** How long the scorer may take before the fallback policy speaks. */
  DECISION_TIMEOUT_MS: variable.durationMs().default(2_000),
  /** How long after the request a fallback authorisation awaits the real verdict before review. */
  DECISION_LIMIT_MS: variable.durationMs().default(30_000),
  /** The largest amount, in minor units of the base currency, that a fallback authorises unheld. */
  FALLBACK_MAX_MINOR: variable.wholeNumber().default(5_000),
  /** Declines of one rule per period; beyond it they become reviews. */
  RULE_DECLINE_CAP: variable.wholeNumber().default(200),
  RULE_DECLINE_PERIOD_MS: variable.durationMs().default(hourMs),
  HOLD_EXPIRY_MS: variable.durationMs().default(24 * hourMs),
  /** How long a partition of card-activity must be without payments before its time is advanced. */
  TIME_ADVANCE_MS: variable.durationMs().default(10_000),
  /** infra/currencies.json of this repository; order reads the same. */
  CURRENCIES_FILE: variable
    .text()
    .default(fileURLToPath(new URL("../../../infra/currencies.json", import.meta.url))),
});

export type Configuration = z.output<typeof configuration>;

const exchangeTable = z
  .object({
    base: z.string(),
    currencies: z.record(
      z.string().regex(/^[A-Z]{3}$/),
      z.object({
        digits: z.int().min(0).max(4),
        baseUnitsPerMillion: z.int().min(1),
      }),
    ),
  })
  .refine(({ base, currencies }) => base in currencies, "the base currency is not in the table");

/** The exchange table of a currencies file. Throws when the text is not one. */
export function exchangeTableOf(text: string): ExchangeTable {
  return exchangeTable.parse(JSON.parse(text));
}
