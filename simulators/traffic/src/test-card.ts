import type { Random } from "./random.ts";

/** Card data as POST /payment-methods takes it. */
export interface TestCard {
  readonly number: string;
  readonly expMonth: number;
  readonly expYear: number;
  readonly cvc: string;
}

/** A number that passes the Luhn check, in the range that Visa's test numbers come from; no real card. */
export function testCard(random: Random, expYear: number): TestCard {
  const digits = [4, 0, 0, 0, 0, 0, ...Array.from({ length: 9 }, () => random.between(0, 9))];
  return {
    number: [...digits, checkDigit(digits)].join(""),
    expMonth: random.between(1, 12),
    expYear,
    cvc: String(random.between(100, 999)),
  };
}

/** ISO/IEC 7812-1, annex B. */
function checkDigit(digits: readonly number[]): number {
  const sum = digits.toReversed().reduce((total, digit, index) => {
    const doubled = index % 2 === 0 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return (10 - (sum % 10)) % 10;
}
