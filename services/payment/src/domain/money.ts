/** How a currency relates to the base currency. */
export interface Currency {
  /** Digits after the point: 2 for USD, 0 for JPY. */
  readonly digits: number;
  /** Units of the base currency that a million units of this one are worth. */
  readonly baseUnitsPerMillion: number;
}

/** The exchange table: every currency that is accepted, the base currency among them. */
export interface ExchangeTable {
  readonly base: string;
  readonly currencies: Readonly<Record<string, Currency>>;
}

/** A currency that the exchange table does not have. */
export class UnknownCurrency extends Error {
  override readonly name = "UnknownCurrency";

  constructor(currency: string) {
    super(`No exchange rate is known for ${JSON.stringify(currency)}`);
  }
}

/**
 * Converts an amount of at least 0 to minor units of the base currency, rounded half up, in integers
 * throughout. Throws UnknownCurrency; RangeError when the result exceeds 2^53.
 */
export function toBaseMinor(amountMinor: number, currency: string, table: ExchangeTable): number {
  const from = currencyOf(currency, table);
  const base = currencyOf(table.base, table);
  const numerator =
    BigInt(amountMinor) * BigInt(from.baseUnitsPerMillion) * 10n ** BigInt(base.digits);
  const denominator = 10n ** BigInt(6 + from.digits);
  const converted = Number((2n * numerator + denominator) / (2n * denominator));
  if (!Number.isSafeInteger(converted)) throw new RangeError("A converted amount exceeds 2^53");
  return converted;
}

function currencyOf(code: string, { currencies }: ExchangeTable): Currency {
  const currency = Object.hasOwn(currencies, code) ? currencies[code] : undefined;
  if (currency === undefined) throw new UnknownCurrency(code);
  return currency;
}
