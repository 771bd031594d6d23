import type { Query, Tx } from "@holdfast/outbox";
import type { PaymentEvent } from "../domain/events.ts";
import { type Account, postingsOf } from "../domain/ledger.ts";
import type { Payment } from "../domain/payment.ts";

/** The sum of an account's postings in one currency. */
export interface Balance {
  readonly account: Account;
  readonly currency: string;
  readonly amountMinor: number;
}

/**
 * Posts what events moved; the first of them is number `version` + 1 of the payment's history, which must
 * have been written. An entry that does not balance makes the commit fail.
 */
export async function postEvents(
  tx: Tx,
  { terms }: Payment,
  { events, version }: { events: readonly PaymentEvent[]; version: number },
): Promise<void> {
  const rows = events.flatMap((event, index) =>
    postingsOf(event).map((posting) => ({ sequence: version + index + 1, ...posting })),
  );
  if (rows.length === 0) return;
  await tx.query(
    {
      name: "ledger-post",
      text: `INSERT INTO ledger_postings (payment_id, sequence, account, currency, amount_minor)
             SELECT $1, sequence, account, $2, "amountMinor"
             FROM jsonb_to_recordset($3) AS (sequence integer, account text, "amountMinor" bigint)`,
    },
    [terms.paymentId, terms.currency, JSON.stringify(rows)],
  );
}

/** Every account's balance, by currency and account. Reads the whole ledger. */
export async function readBalances(read: Query): Promise<Balance[]> {
  const { rows } = await read<{ account: Account; currency: string; total: string }>(
    `SELECT account, currency, sum(amount_minor) AS total FROM ledger_postings
     GROUP BY currency, account ORDER BY currency, account`,
  );
  return rows.map(({ account, currency, total }) => {
    const amountMinor = Number(total);
    if (!Number.isSafeInteger(amountMinor)) throw new RangeError("A balance exceeds 2^53");
    return { account, currency, amountMinor };
  });
}

/** What the balances of each currency sum to: zero, or money has appeared or vanished. */
export function imbalances(
  balances: readonly Balance[],
): { currency: string; amountMinor: number }[] {
  const sums = new Map<string, number>();
  for (const { currency, amountMinor } of balances) {
    sums.set(currency, (sums.get(currency) ?? 0) + amountMinor);
  }
  return [...sums].map(([currency, amountMinor]) => ({ currency, amountMinor }));
}
