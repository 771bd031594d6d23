import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { holdsCardNumber, redactFields, redactText } from "./redact.ts";

const card = "4111111111111111";

describe("redacting text", () => {
  test.each([
    ["plain", `card ${card} was refused`],
    ["spaced", "card 4111 1111 1111 1111 was refused"],
    ["dashed", "card 4111-1111-1111-1111 was refused"],
    ["in JSON", `{"pan":"${card}"}`],
    ["amex", "card 378282246310005"],
  ])("removes a card number, %s", (_, text) => {
    expect(redactText(text).replace(/\D/g, "")).toBe("");
  });

  test.each(["cvc 8317", "CVV2: 123", 'a "cvc":"8317"', "security code: 123"])(
    "removes a security code, %s",
    (text) => {
      expect(redactText(text)).not.toMatch(/\d{3}/);
    },
  );

  test("removes e-mail addresses", () => {
    expect(redactText("Key (email)=(ada@example.org) exists")).not.toContain("ada@");
  });

  test.each([
    "order 0193a7b0-1111-7222-8333-444455556666",
    "offset 4111111111111112",
    "at 2026-11-21T04:00:39.244Z",
    "1795233638895",
    "code 500",
  ])("leaves %s alone", (text) => {
    expect(redactText(text)).toBe(text);
  });

  test("cuts what is too long", () => {
    expect(redactText("x".repeat(10_000)).length).toBeLessThan(5_000);
  });
});

describe("a card number", () => {
  test.each([card, "pay 4111 1111 1111 1111", "378282246310005", "5555-5555-5555-4444"])(
    "is seen in %s",
    (text) => expect(holdsCardNumber(text)).toBe(true),
  );

  // A day and time, a longer id, a wrong check digit: each passes or looks the part but for its length.
  test.each(["20261121064430", "412345678901234569", "4111111111111112", "cust_4111111111111111"])(
    "is not seen in %s",
    (text) => expect(holdsCardNumber(text)).toBe(false),
  );
});

describe("redacting fields", () => {
  test("keeps allowed names and hides the value of every other, at every depth", () => {
    const fields = { orderId: "o", pan: card, checks: { broker: { token: "t", topic: "orders" } } };
    expect(redactFields(fields)).toEqual({
      orderId: "o",
      pan: "[redacted]",
      checks: { broker: { token: "[redacted]", topic: "orders" } },
    });
  });

  test("keeps of an error its class, message, stack, cause and allowed properties", () => {
    const cause = new Error(`card ${card}`);
    const error = Object.assign(new TypeError("broken", { cause }), { code: "X", body: card });
    const { err } = redactFields({ err: error }) as { err: Record<string, unknown> };
    expect(err).toMatchObject({ type: "TypeError", message: "broken", code: "X" });
    expect(err["stack"]).toContain("TypeError: broken");
    expect(err["cause"]).toMatchObject({ message: "card [redacted]" });
    expect(JSON.stringify(err)).not.toContain(card);
  });

  test("no card number survives, wherever it sits", () => {
    fc.assert(
      fc.property(fc.object({ values: [fc.constant(card), fc.integer()] }), (fields) => {
        expect(JSON.stringify(redactFields({ checks: fields, err: fields }))).not.toContain(card);
      }),
    );
  });

  test("ends on cycles", () => {
    const cycle: Record<string, unknown> = { topic: "orders" };
    cycle["checks"] = cycle;
    expect(JSON.stringify(redactFields(cycle))).toContain("[redacted]");
  });
});
