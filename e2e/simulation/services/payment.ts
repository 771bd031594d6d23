import { silentLogger } from "@holdfast/telemetry";
import type { Policy } from "../../../services/payment/src/domain/policy.ts";
import { paymentRoutes } from "../../../services/payment/src/http/routes.ts";
import { createPaymentService } from "../../../services/payment/src/payment-service.ts";
import type { PaymentProvider } from "../../../services/payment/src/provider/provider.ts";
import { createCardVault } from "../../../services/payment/src/vault/card-vault.ts";
import { consumed } from "../../../services/payment/src/wiring.ts";
import type { Ground, Part } from "./part.ts";

/** What the owner of the simulated shop decides. */
export interface PaymentSettings {
  readonly policy: Policy;
  readonly providerLimitMs: number;
  /** Declines of one rule before they become reviews. */
  readonly declineCap: number;
}

const exchange = {
  base: "USD",
  currencies: { USD: { digits: 2, baseUnitsPerMillion: 1_000_000 } },
};
const vault = createCardVault({ vault: Buffer.alloc(32, 1), fingerprint: Buffer.alloc(32, 2) });

/** The payment service in one process. */
export function startPayment(
  ground: Ground,
  provider: PaymentProvider,
  { policy, providerLimitMs, declineCap }: PaymentSettings,
): Part {
  const cap = { declines: declineCap, periodMs: 3_600_000 };
  const { payments, governor, steps, timers } = createPaymentService({
    ...ground,
    provider,
    exchange,
    policy,
    cap,
    providerLimitMs,
    timeAdvanceMs: 3_600_000,
    logger: silentLogger,
  });
  const { clock } = ground;
  return {
    routes: paymentRoutes({ ...ground, payments, vault, cap }),
    consumes: consumed({ payments, governor, clock }),
    queues: [steps, timers],
  };
}
