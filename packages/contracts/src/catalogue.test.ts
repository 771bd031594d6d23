import { describe, expect, test } from "@jest/globals";
import { eventsOn, isEventName, subjectOf, subjects } from "./catalogue.ts";
import { schemas } from "./generated/schemas.ts";

describe("the catalogue", () => {
  test("names a subject by topic and full Avro name", () => {
    expect(subjectOf("orders", "OrderPlaced")).toBe("orders-holdfast.order.OrderPlaced");
  });

  test("has each event on exactly one topic", () => {
    const placed = subjects().map(({ event }) => event);
    expect([...placed].sort()).toEqual(Object.keys(schemas).sort());
  });

  test("knows its own names and no inherited ones", () => {
    expect(isEventName("PaymentHeld")).toBe(true);
    expect(isEventName("constructor")).toBe(false);
    expect(eventsOn("fraud-alerts")).toEqual(["FraudAlertRaised"]);
  });
});

describe("the schemas", () => {
  const fields = Object.values(schemas).flatMap((schema) =>
    schema.fields.map((field) => ({ event: schema.name, ...field })),
  );

  test("document every field", () => {
    expect(fields.filter((field) => field.doc.trim() === "")).toEqual([]);
  });

  test("have no field that could carry a card number", () => {
    const suspicious = /^(pan|number|cardNumber|cvc|cvv|track)/i;
    expect(fields.filter((field) => suspicious.test(field.name))).toEqual([]);
  });

  test("give every time in milliseconds under a name that ends in At", () => {
    const times = fields.filter((field) => JSON.stringify(field.type).includes("timestamp-millis"));
    expect(times.length).toBeGreaterThan(0);
    expect(times.filter((field) => !field.name.endsWith("At"))).toEqual([]);
  });
});
