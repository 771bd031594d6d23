import type { Query, Tx } from "@holdfast/outbox";

/** What is known of a card outside the vault. */
export interface PaymentMethod {
  readonly paymentMethodId: string;
  readonly customerId: string;
  readonly cardFingerprint: string;
  readonly brand: string;
  readonly first6: string;
  readonly last4: string;
  readonly expMonth: number;
  readonly expYear: number;
}

/** Stores a payment method with its sealed number; false when its id is taken already. */
export async function insertPaymentMethod(
  tx: Tx,
  method: PaymentMethod,
  { sealedNumber, createdAt }: { sealedNumber: Buffer; createdAt: number },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO payment_methods (payment_method_id, customer_id, card_fingerprint, brand, first6,
       last4, exp_month, exp_year, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, to_timestamp($9::float8 / 1000)) ON CONFLICT DO NOTHING`,
    [
      method.paymentMethodId,
      method.customerId,
      method.cardFingerprint,
      method.brand,
      method.first6,
      method.last4,
      method.expMonth,
      method.expYear,
      createdAt,
    ],
  );
  if (rowCount !== 1) return false;
  await tx.query("INSERT INTO card_vault (payment_method_id, sealed_number) VALUES ($1, $2)", [
    method.paymentMethodId,
    sealedNumber,
  ]);
  return true;
}

/** A payment method by its token; undefined when there is none. */
export async function findPaymentMethod(
  query: Query,
  paymentMethodId: string,
): Promise<PaymentMethod | undefined> {
  const { rows } = await query<{ [K in keyof PaymentMethod]: PaymentMethod[K] }>(
    {
      name: "payment-method-find",
      text: `SELECT payment_method_id AS "paymentMethodId", customer_id AS "customerId",
               card_fingerprint AS "cardFingerprint", brand, first6, last4,
               exp_month AS "expMonth", exp_year AS "expYear"
             FROM payment_methods WHERE payment_method_id = $1`,
    },
    [paymentMethodId],
  );
  return rows[0];
}
