import { fileURLToPath } from "node:url";
import { eventServiceVariables } from "@holdfast/event-service";
import { variable } from "@holdfast/service-kit";
import { z } from "zod";

const hourMs = 60 * 60 * 1000;

/** The environment of the order service. */
export const configuration = z.object({
  ...eventServiceVariables,
  PAYMENT_URL: variable.url(),
  /** A key of payment's that may see every payment method. */
  PAYMENT_API_KEY: variable.text(),
  /** The longest wait for one answer of payment's. */
  PAYMENT_TIMEOUT_MS: variable.durationMs().default(1_000),
  /** The currencies that payment can convert; infra/currencies.json of this repository. */
  CURRENCIES_FILE: variable
    .text()
    .default(fileURLToPath(new URL("../../../infra/currencies.json", import.meta.url))),
  /** How long payment and inventory may take for one step; three times that is reported as stuck. */
  STEP_TIMEOUT_MS: variable.durationMs().default(30_000),
  /** How long a person may take; as in payment. */
  HOLD_EXPIRY_MS: variable.durationMs().default(24 * hourMs),
});

export type Configuration = z.output<typeof configuration>;

/** How long an order may stand in a state before it counts as stuck. */
export function sagaLimitsMs(config: Configuration) {
  return {
    pending: 3 * config.STEP_TIMEOUT_MS,
    under_review: 3 * config.HOLD_EXPIRY_MS,
    accepted: 3 * config.STEP_TIMEOUT_MS,
  };
}

const currencies = z.object({ currencies: z.record(z.string().regex(/^[A-Z]{3}$/), z.object({})) });

/** The ISO 4217 codes of a currencies file. Throws when the text is not one. */
export function currenciesOf(text: string): ReadonlySet<string> {
  return new Set(Object.keys(currencies.parse(JSON.parse(text)).currencies));
}
