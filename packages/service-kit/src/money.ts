// ISO 4217, list one: the currencies whose minor unit is not a hundredth.
const zeroDigits = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(" ");
const threeDigits = "BHD IQD JOD KWD LYD OMR TND".split(" ");

/** Digits after the point of a currency (ISO 4217); 2 for every code not listed otherwise. */
export function minorUnitDigits(currency: string): number {
  if (zeroDigits.includes(currency)) return 0;
  return threeDigits.includes(currency) ? 3 : 2;
}

/** `formatMoney(1999, "USD")` → `19.99 USD`, for people; never parsed back. */
export function formatMoney(amountMinor: number, currency: string): string {
  const digits = minorUnitDigits(currency);
  const text = String(Math.abs(amountMinor)).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const fraction = digits === 0 ? "" : `.${text.slice(-digits)}`;
  return `${amountMinor < 0 ? "-" : ""}${whole}${fraction} ${currency}`;
}
