import { describe, expect, test } from "@jest/globals";
import { createCardScanner } from "./card-scanner.ts";

const number = "4000001234567899";
const scanner = createCardScanner(["4000009999999990", number], ["8317"]);
const encodingsIn = (text: string) => scanner.scan(text).map(({ encoding }) => encoding);

describe("a card number", () => {
  test.each([
    ["digits", `{"number":"${number}"}`],
    ["digits with spaces", "card 4000 0012 3456 7899 refused"],
    ["digits with hyphens", "4000-0012-3456-7899"],
    ["digits backwards", "9987654321000004"],
    ["hexadecimal", `\\x00${Buffer.from(number).toString("hex")}ff`],
  ])("is found as %s", (encoding, text) => {
    expect(encodingsIn(text)).toEqual([encoding]);
  });

  test.each([0, 1, 2, 3, 4, 5])("is found in base64 behind %d other bytes", (length) => {
    const text = Buffer.from(`${"x".repeat(length)}${number}yy`).toString("base64");
    expect(encodingsIn(text)).toEqual(["base64"]);
  });
});

test("a number that is found is shown by its ends alone", () => {
  expect(scanner.scan(number)).toEqual([{ card: "400000…7899", encoding: "digits" }]);
});

test.each([
  '{"cvc":"8317"}',
  String.raw`{\"cvc\":\"8317\"}`,
  "a string of Avro \u00088317",
  "cvc: 8317",
  "?CVV=8317&x",
])("a security code is found in %s", (text) => {
  expect(encodingsIn(text)).toEqual(["security code"]);
});

test.each(['{"offset":8317}', "took 8317 ms", "28317", "018317af"])(
  "no security code is seen in %s",
  (text) => {
    expect(scanner.scan(text)).toEqual([]);
  },
);

test("other numbers of the same range are nobody's", () => {
  expect(scanner.scan("4000001234567898 and 4000 0099 9999")).toEqual([]);
});
