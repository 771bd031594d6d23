const decimals: Readonly<Record<string, number>> = {
  BHD: 3,
  CLP: 0,
  IQD: 3,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KRW: 0,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  PYG: 0,
  TND: 3,
  UGX: 0,
  VND: 0,
  XAF: 0,
  XOF: 0,
};
const symbols: Readonly<Record<string, string>> = { EUR: "€", GBP: "£", JPY: "¥", USD: "$" };

/** Digits after the point of an ISO 4217 currency; 2 for those not listed. */
export function currencyDecimals(currency: string): number {
  return decimals[currency] ?? 2;
}

/**
 * Minor units of a decimal literal, exact: `parseMoney("100.00", "USD")` is 10 000. `undefined`
 * when it is no decimal, is finer than the currency or exceeds 2^53.
 */
export function parseMoney(text: string, currency: string): number | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = ""] = match;
  const digits = currencyDecimals(currency);
  const significant = fraction.replace(/0+$/, "");
  if (significant.length > digits) return undefined;
  const minor = Number(whole + significant.padEnd(digits, "0"));
  if (!Number.isSafeInteger(minor)) return undefined;
  return sign === "-" ? -minor : minor;
}

/** `10000` USD as "$100.00", 1 234 567 JPY as "¥1,234,567", other currencies as "100.00 CHF". */
export function formatMoney(minor: number, currency: string): string {
  const digits = currencyDecimals(currency);
  const rounded = Math.round(Math.abs(minor));
  const text = String(rounded).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ",");
  const number = digits === 0 ? whole : `${whole}.${text.slice(-digits)}`;
  const symbol = symbols[currency];
  const amount = symbol === undefined ? `${number} ${currency}` : `${symbol}${number}`;
  return minor < 0 ? `-${amount}` : amount;
}
