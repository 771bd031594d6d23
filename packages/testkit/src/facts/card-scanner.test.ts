import { describe, expect, test } from "@jest/globals";
import { createCardScanner } from "./card-scanner.ts";

const number = "4000001234567899";
const scanner = createCardScanner(["4000009999999990", number]);

describe("a card number", () => {
  test.each([
    ["digits", `{"number":"${number}"}`],
    ["digits with spaces", "card 4000 0012 3456 7899 refused"],
    ["digits with hyphens", "4000-0012-3456-7899"],
    ["digits backwards", "9987654321000004"],
    ["hexadecimal", `\\x00${Buffer.from(number).toString("hex")}ff`],
  ])("is found as %s", (encoding, text) => {
    expect(scanner.scan(text)).toEqual([encoding]);
  });

  test.each([0, 1, 2, 3, 4, 5])("is found in base64 behind %d other bytes", (length) => {
    const text = Buffer.from(`${"x".repeat(length)}${number}yy`).toString("base64");
    expect(scanner.scan(text)).toEqual(["base64"]);
  });
});

test("other numbers of the same range are nobody's", () => {
  expect(scanner.scan("4000001234567898 and 4000 0099 9999")).toEqual([]);
});
