/** Card brands that are told apart. */
export type CardBrand =
  | "visa"
  | "mastercard"
  | "amex"
  | "discover"
  | "diners"
  | "jcb"
  | "unionpay"
  | "unknown";

interface BrandRange {
  readonly brand: CardBrand;
  /** Leading digits from `first` to `last`, both of the same length. */
  readonly first: string;
  readonly last: string;
  readonly lengths: readonly number[];
}

// Issuer identification ranges as the schemes publish them; the first range that fits wins.
const brandRanges: readonly BrandRange[] = [
  { brand: "visa", first: "4", last: "4", lengths: [13, 16, 19] },
  { brand: "mastercard", first: "51", last: "55", lengths: [16] },
  { brand: "mastercard", first: "2221", last: "2720", lengths: [16] },
  { brand: "amex", first: "34", last: "34", lengths: [15] },
  { brand: "amex", first: "37", last: "37", lengths: [15] },
  { brand: "discover", first: "6011", last: "6011", lengths: [16, 19] },
  { brand: "discover", first: "644", last: "659", lengths: [16, 19] },
  { brand: "diners", first: "300", last: "305", lengths: [14, 16, 19] },
  { brand: "diners", first: "36", last: "36", lengths: [14, 16, 19] },
  { brand: "diners", first: "38", last: "39", lengths: [14, 16, 19] },
  { brand: "jcb", first: "3528", last: "3589", lengths: [16, 19] },
  { brand: "unionpay", first: "62", last: "62", lengths: [16, 17, 18, 19] },
];

/** The digits of a card number as people write it, without spaces and hyphens. */
export function cardDigits(written: string): string {
  return written.replaceAll(/[ -]/g, "");
}

/** The Luhn check (ISO/IEC 7812-1, annex B) of a string of digits. */
export function passesLuhn(digits: string): boolean {
  return /^\d{2,}$/.test(digits) && luhnSum(digits) % 10 === 0;
}

/** The digit that makes `digits` pass the Luhn check when it is put behind them. */
export function luhnCheckDigit(digits: string): string {
  return String((10 - (luhnSum(`${digits}0`) % 10)) % 10);
}

// From the right, every second digit counts double, less 9 above 9.
function luhnSum(digits: string): number {
  return Array.from(digits)
    .reverse()
    .map(Number)
    .map((digit, index) => (index % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)))
    .reduce((sum, value) => sum + value, 0);
}

/** The brand whose range and length fit a card number; `unknown` when none does. */
export function brandOf(digits: string): CardBrand {
  const fits = ({ first, last, lengths }: BrandRange): boolean => {
    const lead = digits.slice(0, first.length);
    return lengths.includes(digits.length) && lead >= first && lead <= last;
  };
  return brandRanges.find(fits)?.brand ?? "unknown";
}

/** Digits of a brand's security code. */
export function securityCodeLength(brand: CardBrand): readonly number[] {
  if (brand === "unknown") return [3, 4];
  return brand === "amex" ? [4] : [3];
}

/** Whether a card is past the last moment of its month of expiry (UTC) at `nowMs`. */
export function isExpired(
  { expMonth, expYear }: { expMonth: number; expYear: number },
  nowMs: number,
): boolean {
  return nowMs >= Date.UTC(expYear, expMonth, 1);
}
