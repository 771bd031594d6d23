import type { Query, Tx } from "@holdfast/outbox";
import type { PaymentEvent } from "../domain/events.ts";
import type { Payment } from "../domain/payment.ts";

/** Names one payment. */
export type PaymentKey = { readonly paymentId: string } | { readonly orderId: string };

/** A payment together with the length of its history. */
export interface StoredPayment {
  readonly payment: Payment;
  readonly version: number;
}

interface PaymentRow {
  payment_id: string;
  order_id: string;
  customer_id: string;
  merchant_id: string;
  payment_method_id: string;
  card_fingerprint: string;
  card_brand: string;
  card_first6: string;
  card_last4: string;
  amount_minor: number;
  currency: string;
  base_amount_minor: number;
  base_currency: string;
  requested_at: Date;
  verdict: Payment["verdict"];
  state: Payment["state"];
  version: number;
  updated_at: Date;
}

// The first parameters of both statements that write a history: payment id, its length so far, events.
const appendHistory = `
  INSERT INTO payment_events (payment_id, sequence, type, data, occurred_at)
  SELECT $1, $2 + entry.position, entry.event ->> 'type', entry.event - 'type' - 'at',
    to_timestamp((entry.event ->> 'at')::float8 / 1000)
  FROM jsonb_array_elements($3::jsonb) WITH ORDINALITY AS entry (event, position)`;

const insertPayment = `
  WITH history AS (${appendHistory})
  INSERT INTO payments (payment_id, version, state, verdict, updated_at, requested_at, order_id,
    customer_id, merchant_id, payment_method_id, card_fingerprint, card_brand, card_first6, card_last4,
    amount_minor, currency, base_amount_minor, base_currency, card_partition)
  SELECT $1, $2 + jsonb_array_length($3::jsonb), $4, $5, to_timestamp($6::float8 / 1000),
    to_timestamp($7::float8 / 1000), $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20
  FROM pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0))`;

const updatePayment = `
  WITH history AS (${appendHistory})
  UPDATE payments SET version = $2 + jsonb_array_length($3::jsonb), state = $4, verdict = $5,
    updated_at = to_timestamp($6::float8 / 1000)
  WHERE payment_id = $1`;

/** Stores a payment that has just begun, with its first events. */
export async function insertStoredPayment(
  tx: Tx,
  payment: Payment,
  { events, cardPartition }: { events: readonly PaymentEvent[]; cardPartition: number },
): Promise<void> {
  const { terms, requestedAt } = payment;
  await tx.query({ name: "payment-insert", text: insertPayment }, [
    ...changes(payment, 0, events),
    requestedAt,
    terms.orderId,
    terms.customerId,
    terms.merchantId,
    terms.paymentMethodId,
    terms.cardFingerprint,
    terms.card.brand,
    terms.card.first6,
    terms.card.last4,
    terms.amountMinor,
    terms.currency,
    terms.baseAmountMinor,
    terms.baseCurrency,
    cardPartition,
  ]);
}

/** Stores what events made of a payment that this transaction has locked. */
export async function updateStoredPayment(
  tx: Tx,
  payment: Payment,
  { events, version }: { events: readonly PaymentEvent[]; version: number },
): Promise<void> {
  await tx.query({ name: "payment-update", text: updatePayment }, [
    ...changes(payment, version, events),
  ]);
}

function changes(payment: Payment, version: number, events: readonly PaymentEvent[]): unknown[] {
  const { terms, state, verdict, requestedAt } = payment;
  return [
    terms.paymentId,
    version,
    JSON.stringify(events),
    JSON.stringify(state),
    verdict === null ? null : JSON.stringify(verdict),
    events.at(-1)?.at ?? requestedAt,
  ];
}

/** Locks a payment until the transaction ends; undefined when there is none, or the key is no id. */
export async function lockPayment(tx: Tx, key: PaymentKey): Promise<StoredPayment | undefined> {
  const [column, value] =
    "orderId" in key ? ["order_id", key.orderId] : ["payment_id", key.paymentId];
  if (!uuid.test(value)) return undefined;
  const { rows } = await tx.query<PaymentRow>(
    {
      name: `payment-lock-${column}`,
      text: `SELECT * FROM payments WHERE ${column} = $1 FOR UPDATE`,
    },
    [value],
  );
  return rows[0] === undefined ? undefined : stored(rows[0]);
}

/**
 * The same for a payment that an answer speaks of. Change data capture reads a commit before Postgres
 * shows it to other transactions, so the answer may come first: then this waits for the commit to end.
 */
export async function lockAnswered(tx: Tx, paymentId: string): Promise<StoredPayment | undefined> {
  const seen = await lockPayment(tx, { paymentId });
  if (seen !== undefined || !uuid.test(paymentId)) return seen;
  await tx.query(
    {
      name: "payment-await-insert",
      text: "SELECT pg_advisory_xact_lock_shared(hashtextextended($1::uuid::text, 0))",
    },
    [paymentId],
  );
  return lockPayment(tx, { paymentId });
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A payment as it stands, read without a lock; undefined also for what is no id at all. */
export async function findPayment(
  read: Query,
  paymentId: string,
): Promise<(StoredPayment & { updatedAt: number }) | undefined> {
  if (!uuid.test(paymentId)) return undefined;
  const { rows } = await read<PaymentRow>(
    { name: "payment-find", text: "SELECT * FROM payments WHERE payment_id = $1" },
    [paymentId],
  );
  return rows[0] === undefined ? undefined : withUpdate(rows[0]);
}

/** Payments, newest first, older than `before`; each condition narrows. */
export async function listPayments(
  read: Query,
  filter: {
    readonly status: string | undefined;
    readonly orderId: string | undefined;
    readonly before: string | undefined;
    readonly limit: number;
  },
): Promise<(StoredPayment & { updatedAt: number })[]> {
  const { status = null, orderId = null, before = null, limit } = filter;
  const { rows } = await read<PaymentRow>(
    `SELECT * FROM payments
     WHERE ($1::text IS NULL OR status = $1) AND ($2::uuid IS NULL OR order_id = $2)
       AND ($3::uuid IS NULL OR payment_id < $3)
     ORDER BY payment_id DESC LIMIT $4`,
    [status, orderId, before, limit],
  );
  return rows.map(withUpdate);
}

/** How many payments stand at each status that is given. */
export async function countByStatus(read: Query, status: string): Promise<number> {
  const { rows } = await read<{ count: number }>(
    "SELECT count(*) AS count FROM payments WHERE status = $1",
    [status],
  );
  return rows[0]?.count ?? 0;
}

/** The history of a payment, oldest first. */
export async function readHistory(read: Query, paymentId: string): Promise<PaymentEvent[]> {
  const { rows } = await read<{ type: string; data: object; occurred_at: Date }>(
    "SELECT type, data, occurred_at FROM payment_events WHERE payment_id = $1 ORDER BY sequence",
    [paymentId],
  );
  return rows.map(
    ({ type, data, occurred_at }) => ({ type, at: occurred_at.getTime(), ...data }) as PaymentEvent,
  );
}

function withUpdate(row: PaymentRow): StoredPayment & { updatedAt: number } {
  return { ...stored(row), updatedAt: row.updated_at.getTime() };
}

function stored(row: PaymentRow): StoredPayment {
  const terms = {
    paymentId: row.payment_id,
    orderId: row.order_id,
    customerId: row.customer_id,
    merchantId: row.merchant_id,
    paymentMethodId: row.payment_method_id,
    cardFingerprint: row.card_fingerprint,
    card: { brand: row.card_brand, first6: row.card_first6, last4: row.card_last4 },
    amountMinor: row.amount_minor,
    currency: row.currency,
    baseAmountMinor: row.base_amount_minor,
    baseCurrency: row.base_currency,
  };
  const { verdict, state, version } = row;
  return { payment: { terms, requestedAt: row.requested_at.getTime(), verdict, state }, version };
}
