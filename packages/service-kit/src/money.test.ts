import { expect, test } from "@jest/globals";
import { formatMoney } from "./money.ts";

test.each([
  [1999, "USD", "19.99 USD"],
  [5, "EUR", "0.05 EUR"],
  [0, "USD", "0.00 USD"],
  [-120, "GBP", "-1.20 GBP"],
  [1999, "JPY", "1999 JPY"],
  [1999, "KWD", "1.999 KWD"],
])("%d minor units of %s read %s", (amountMinor, currency, text) => {
  expect(formatMoney(amountMinor, currency)).toBe(text);
});
