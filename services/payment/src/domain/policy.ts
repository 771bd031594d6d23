/** What the owner of the shop decides about time and risk. */
export interface Policy {
  /** How long the scorer may take before the fallback policy speaks in its place. */
  readonly decisionTimeoutMs: number;
  /** How long after the request a fallback authorisation awaits the real verdict before review. */
  readonly decisionLimitMs: number;
  /** The largest amount, in minor units of the base currency, that a fallback authorises unheld. */
  readonly fallbackMaxMinor: number;
  /** How long a person has to decide a hold. */
  readonly holdExpiryMs: number;
}
