import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  brandOf,
  cardDigits,
  isExpired,
  luhnCheckDigit,
  passesLuhn,
  securityCodeLength,
} from "./card.ts";

// The schemes' published test numbers.
const published: [number: string, brand: string][] = [
  ["4242424242424242", "visa"],
  ["4222222222222", "visa"],
  ["5555555555554444", "mastercard"],
  ["2223003122003222", "mastercard"],
  ["378282246310005", "amex"],
  ["6011111111111117", "discover"],
  ["3056930009020004", "diners"],
  ["36227206271667", "diners"],
  ["3566002020360505", "jcb"],
  ["6200000000000005", "unionpay"],
];

test.each(published)("%s is a valid %s", (number, brand) => {
  expect(passesLuhn(number)).toBe(true);
  expect(brandOf(number)).toBe(brand);
});

test("any single wrong digit fails the Luhn check", () => {
  const digit = fc.integer({ min: 0, max: 9 });
  fc.assert(
    fc.property(
      fc.array(digit, { minLength: 11, maxLength: 18 }),
      fc.nat(),
      digit,
      (body, at, put) => {
        const good = body.join("") + luhnCheckDigit(body.join(""));
        const index = at % good.length;
        const bad = good.slice(0, index) + put + good.slice(index + 1);
        expect(passesLuhn(good)).toBe(true);
        expect(passesLuhn(bad)).toBe(bad === good);
      },
    ),
  );
});

test.each(["", "4", "4242 4242", "42x2424242424242", "４２４２４２４２４２４２４２４２"])(
  "%p is not a string of digits",
  (text) => {
    expect(passesLuhn(text)).toBe(false);
  },
);

test("a number may be written in groups", () => {
  expect(cardDigits("4242 4242-4242 4242")).toBe("4242424242424242");
});

test("a brand's number of another length is of no known brand", () => {
  expect(brandOf("42424242424242")).toBe("unknown");
  expect(securityCodeLength("unknown")).toEqual([3, 4]);
  expect(securityCodeLength("amex")).toEqual([4]);
});

describe("a card of 02/2028", () => {
  const card = { expMonth: 2, expYear: 2028 };
  test("is good to the last moment of February", () => {
    expect(isExpired(card, Date.UTC(2028, 1, 29, 23, 59, 59, 999))).toBe(false);
  });
  test("is expired from the first of March", () => {
    expect(isExpired(card, Date.UTC(2028, 2, 1))).toBe(true);
  });
});
