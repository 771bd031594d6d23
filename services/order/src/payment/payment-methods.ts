import { currentTraceHeaders, type Logger } from "@holdfast/telemetry";
import { ConsecutiveBreaker, circuitBreaker, handleAll, retry, wrap } from "cockatiel";
import { LRUCache } from "lru-cache";
import { z } from "zod";

/** What payment says of a payment method; `unavailable` when it does not say anything in time. */
export type PaymentMethod =
  | { readonly found: "known"; readonly customerId: string }
  | { readonly found: "unknown" }
  | { readonly found: "unavailable" };

/** Whose a payment method is. */
export interface PaymentMethods {
  /** Never rejects. */
  find(paymentMethodId: string): Promise<PaymentMethod>;
}

/** How to ask payment. */
export interface PaymentMethodsOptions {
  /** Base URL of the payment service. */
  readonly url: string;
  readonly apiKey: string;
  /** The longest wait for one answer. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

const rememberedOwners = 100_000;
const failuresUntilOpen = 5;
const openMs = 2_000;

const answer = z.object({ customerId: z.string() });

/**
 * Asks payment and remembers owners, because the owner of a payment method never changes; that a method
 * is unknown is not remembered, because it may come to be. After five failures in a row nobody is asked
 * for two seconds, so that a payment service in trouble neither gets nor causes a queue.
 */
export function createPaymentMethods(options: PaymentMethodsOptions): PaymentMethods {
  const owners = new LRUCache<string, string>({ max: rememberedOwners });
  const policy = wrap(
    circuitBreaker(handleAll, {
      halfOpenAfter: openMs,
      breaker: new ConsecutiveBreaker(failuresUntilOpen),
    }),
    // One more try: a kept connection that the other side has just closed fails at once.
    retry(handleAll, { maxAttempts: 1 }),
  );
  return {
    find: async (paymentMethodId) => {
      const owner = owners.get(paymentMethodId);
      if (owner !== undefined) return { found: "known", customerId: owner };
      try {
        const customerId = await policy.execute(() => askOwner(paymentMethodId, options));
        if (customerId === undefined) return { found: "unknown" };
        owners.set(paymentMethodId, customerId);
        return { found: "known", customerId };
      } catch (error) {
        options.logger.warn({ err: error }, "Payment did not say whose a payment method is");
        return { found: "unavailable" };
      }
    },
  };
}

async function askOwner(
  paymentMethodId: string,
  { url, apiKey, timeoutMs }: PaymentMethodsOptions,
): Promise<string | undefined> {
  const path = `/payment-methods/${encodeURIComponent(paymentMethodId)}`;
  const response = await fetch(new URL(path, url), {
    headers: {
      authorization: `Bearer ${apiKey}`,
      accept: "application/json",
      ...currentTraceHeaders(),
    },
    signal: AbortSignal.timeout(timeoutMs),
  });
  // 400: an id of a form that payment never gives, which must not count as a failure of payment's.
  if (response.status === 404 || response.status === 400) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`Payment answered ${response.status}`);
  }
  return answer.parse(await response.json()).customerId;
}
