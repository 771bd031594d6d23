import { expect, test } from "@jest/globals";
import { toBaseMinor } from "./money.ts";

const table = {
  base: "USD",
  currencies: {
    USD: { digits: 2, baseUnitsPerMillion: 1_000_000 },
    EUR: { digits: 2, baseUnitsPerMillion: 1_080_000 },
    JPY: { digits: 0, baseUnitsPerMillion: 6_700 },
    KWD: { digits: 3, baseUnitsPerMillion: 3_250_000 },
  },
};

test.each([
  [12_345, "USD", 12_345],
  [10_000, "EUR", 10_800],
  [1, "EUR", 1],
  [1_000, "JPY", 670],
  [1, "JPY", 1],
  [1_000, "KWD", 325],
  [2, "KWD", 1],
  [1, "KWD", 0],
  [0, "EUR", 0],
])("%d minor units of %s are %d cents", (amountMinor, currency, cents) => {
  expect(toBaseMinor(amountMinor, currency, table)).toBe(cents);
});

test.each(["SEK", "", "constructor"])("%p has no rate", (currency) => {
  expect(() => toBaseMinor(1, currency, table)).toThrow(/No exchange rate/);
});

test("an amount that cannot be represented is refused", () => {
  expect(() => toBaseMinor(Number.MAX_SAFE_INTEGER, "KWD", table)).not.toThrow();
  expect(() => toBaseMinor(Number.MAX_SAFE_INTEGER, "JPY", table)).not.toThrow();
  expect(() => toBaseMinor(Number.MAX_SAFE_INTEGER, "EUR", table)).toThrow(/exceeds/);
});
