// What this service's integration tests share: a vault with keys of its own, a provider that always
// succeeds, and a payment service with settings that a test may replace.
import { silentLogger } from "@holdfast/telemetry";
import type { FakeClock, TestDatabase } from "@holdfast/testkit";
import {
  createPaymentService,
  type PaymentService,
  type PaymentServiceOptions,
} from "../payment-service.ts";
import type { PaymentProvider } from "../provider/provider.ts";
import { createCardVault } from "../vault/card-vault.ts";

export const vault = createCardVault({
  vault: Buffer.alloc(32, 1),
  fingerprint: Buffer.alloc(32, 2),
});

export const holdExpiryMs = 24 * 60 * 60 * 1000;

const willingProvider: PaymentProvider = {
  carryOut: async () => ({ outcome: "succeeded", authorizationId: "auth-1", feeMinor: 0 }),
  query: async () => undefined,
};

/** A payment service on a test's database and clock. */
export function openTestPayments(
  { database, ids }: Pick<TestDatabase, "database" | "ids">,
  clock: FakeClock,
  settings: Partial<PaymentServiceOptions> = {},
): PaymentService {
  return createPaymentService({
    database,
    clock,
    ids,
    logger: silentLogger,
    provider: willingProvider,
    exchange: {
      base: "USD",
      currencies: {
        USD: { digits: 2, baseUnitsPerMillion: 1_000_000 },
        EUR: { digits: 2, baseUnitsPerMillion: 1_080_000 },
      },
    },
    policy: {
      decisionTimeoutMs: 2_000,
      decisionLimitMs: 30_000,
      fallbackMaxMinor: 5_000,
      holdExpiryMs,
    },
    cap: { declines: 100, periodMs: 60 * 60 * 1000 },
    providerLimitMs: 60_000,
    timeAdvanceMs: 10_000,
    ...settings,
  });
}
