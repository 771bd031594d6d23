import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PaymentRequested } from "@holdfast/contracts";
import { z } from "zod";
import { root } from "../stack/settings.ts";
import type { Transaction } from "./read-transactions.ts";

const exchangeTable = z.object({
  base: z.string(),
  currencies: z.record(
    z.string(),
    z.object({ digits: z.int().min(0), baseUnitsPerMillion: z.int().min(1) }),
  ),
});

type ExchangeTable = z.output<typeof exchangeTable>;

/** The exchange table that payment uses. */
export function readExchangeTable(): ExchangeTable {
  const text = readFileSync(join(root, "infra/currencies.json"), "utf8");
  return exchangeTable.parse(JSON.parse(text));
}

/** The event that a transaction asks for a verdict with; throws when its currency is not known. */
export function paymentRequested(transaction: Transaction, table: ExchangeTable): PaymentRequested {
  const { transactionId, ...rest } = transaction;
  return {
    ...rest,
    paymentId: transactionId,
    orderId: null,
    baseAmountMinor: toBaseMinor(transaction, table),
    baseCurrency: table.base,
    cardBrand: null,
    cardFirst6: null,
    cardLast4: null,
  };
}

/** Rounded half up, in integers, as payment does. */
function toBaseMinor({ amountMinor, currency }: Transaction, table: ExchangeTable): number {
  if (currency === table.base) return amountMinor;
  const from = table.currencies[currency];
  if (from === undefined) throw new Error(`no exchange rate is known for ${currency}`);
  const baseDigits = table.currencies[table.base]?.digits ?? 2;
  const numerator =
    BigInt(amountMinor) * BigInt(from.baseUnitsPerMillion) * 10n ** BigInt(baseDigits);
  const denominator = 10n ** BigInt(6 + from.digits);
  return Number((2n * numerator + denominator) / (2n * denominator));
}
