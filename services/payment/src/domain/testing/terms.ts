// What this domain's tests begin with: one small payment and an owner's policy.
import type { Policy } from "../policy.ts";

export const policy: Policy = {
  decisionTimeoutMs: 2_000,
  decisionLimitMs: 30_000,
  fallbackMaxMinor: 5_000,
  holdExpiryMs: 60_000,
};

export const terms = {
  paymentId: "payment-1",
  orderId: "order-1",
  customerId: "cust-1",
  merchantId: "merchant-1",
  paymentMethodId: "pm-1",
  cardFingerprint: "fp_v1_1",
  card: { brand: "visa", first6: "424242", last4: "4242" },
  amountMinor: 4_000,
  currency: "EUR",
  baseAmountMinor: 5_000,
  baseCurrency: "USD",
};
