import { expect, test } from "@jest/globals";
import { displayer } from "./display-value.ts";

const field = (name: string, type: "money" | "string") => ({ name, type, on: undefined });
const stream = { fields: [field("amount", "money"), field("merchantId", "string")] };

test.each([
  ["tx.amount", 15_000, "150.00"],
  ["sum(tx.amount)", 5, "0.05"],
  ["history.avg(tx.amount)", 1_234.5, "12.35"],
  ["count()", 3, "3"],
  ["count(tx.amount)", 3, "3"],
  ["distinct(tx.merchantId)", 2, "2"],
  ["tx.merchantId", "m", "m"],
  ["tx.amount", undefined, "missing"],
])("%s = %s reads %s", (name, value, expected) => {
  expect(displayer(stream, 2)(name, value)).toBe(expected);
});
