import type { Database } from "@holdfast/outbox";
import { brandOf, luhnCheckDigit } from "../domain/card.ts";
import { insertPaymentMethod } from "../store/payment-methods.ts";
import type { CardVault } from "../vault/card-vault.ts";

const demoCustomers = 50;

/**
 * Gives the customers cust_demo_001 … cust_demo_050 the payment methods pm_demo_001 … pm_demo_050, each
 * with a card number of its own that passes the Luhn check and belongs to nobody. Idempotent.
 */
export async function seedDemoPaymentMethods(options: {
  readonly database: Database;
  readonly vault: CardVault;
  readonly clock: { now(): number };
}): Promise<void> {
  const { database, vault, clock } = options;
  await database.transact(async (tx) => {
    for (let n = 1; n <= demoCustomers; n += 1) {
      const suffix = String(n).padStart(3, "0");
      const paymentMethodId = `pm_demo_${suffix}`;
      const number = demoCardNumber(n);
      const method = {
        paymentMethodId,
        customerId: `cust_demo_${suffix}`,
        cardFingerprint: vault.fingerprint(number),
        brand: brandOf(number),
        first6: number.slice(0, 6),
        last4: number.slice(-4),
        expMonth: 12,
        expYear: 2040,
      };
      const sealedNumber = vault.seal(number, paymentMethodId);
      await insertPaymentMethod(tx, method, { sealedNumber, createdAt: clock.now() });
    }
  });
}

/** The card number of the nth demo customer. */
export function demoCardNumber(n: number): string {
  const body = `400000${String(n).padStart(9, "0")}`;
  return body + luhnCheckDigit(body);
}
