import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { Ajv, type ValidateFunction } from "ajv";
import { parse } from "yaml";
import { asyncApiDocument, generateAsyncApi } from "./asyncapi.ts";
import { consumptionsOf } from "./wiring.ts";

const root = join(import.meta.dirname, "../..");

interface Document {
  channels: Record<string, { messages: Record<string, object> }>;
  operations: Record<string, { messages: { $ref: string }[] }>;
}

const document = parse(generateAsyncApi(root)[0]?.content ?? "") as Document;

describe("the AsyncAPI document", () => {
  let validate: ValidateFunction;
  beforeAll(() => {
    const file = createRequire(import.meta.url).resolve(
      "@asyncapi/specs/schemas/3.0.0-without-$id.json",
    );
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    validate = ajv.compile(JSON.parse(readFileSync(file, "utf8")) as object);
  });

  test("is valid by the specification's own schema", () => {
    validate(document);
    expect(validate.errors).toBeNull();
  });

  test("would be refused with a channel that is none", () => {
    expect(validate({ ...document, channels: { orders: { address: 7 } } })).toBe(false);
  });

  test("says who writes and who reads each topic", () => {
    expect(Object.keys(document.operations)).toEqual(
      expect.arrayContaining([
        "order.send.orders",
        "payment.receive.orders",
        "inventory.receive.orders",
        "notification.receive.fraud-alerts",
        "fraud-scoring.receive.card-activity",
        "payment.receive.fraud-decisions",
        "order.receive.stock",
      ]),
    );
  });

  test("points at what is there", () => {
    const refs = Object.values(document.operations).flatMap(({ messages }) => messages);
    const resolve = (ref: string): unknown =>
      ref
        .split("/")
        .slice(1)
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
    expect(refs.filter(({ $ref }) => resolve($ref) === undefined)).toEqual([]);
  });
});

describe("wiring", () => {
  test("is read as its routes", () => {
    const text = `routes: [
      everyVersion(on<"orders", Tx>("orders", {
        OrderPlaced: onOrderPlaced(carryOut, { clock, expiryMs }),
        OrderCancelled: onOrderCancelled(carryOut),
      })),
      on("fraud-alerts", { FraudAlertRaised: onFraudAlertRaised(notify) }),
    ]`;
    expect(consumptionsOf("x", text)).toEqual([
      { service: "x", topic: "orders", events: ["OrderPlaced", "OrderCancelled"] },
      { service: "x", topic: "fraud-alerts", events: ["FraudAlertRaised"] },
    ]);
  });

  test("of an event that its topic does not carry is refused", () => {
    const topic = { name: "orders", key: "k", partitions: 1, retentionMs: 1, writer: "order" };
    const topics = [{ ...topic, timestampType: "CreateTime" as const, events: ["OrderPlaced"] }];
    const consumptions = [{ service: "x", topic: "orders", events: ["OrderShipped"] }];
    expect(() => asyncApiDocument({ topics, schemas: [], consumptions })).toThrow("OrderShipped");
  });
});
