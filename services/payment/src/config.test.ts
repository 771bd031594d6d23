import { readFileSync } from "node:fs";
import { readEnvironment } from "@holdfast/service-kit";
import { expect, test } from "@jest/globals";
import { configuration, exchangeTableOf } from "./config.ts";

const environment = {
  APP_ENV: "test",
  PORT: "4002",
  KAFKA_BROKERS: "127.0.0.1:9092",
  SCHEMA_REGISTRY_URL: "http://127.0.0.1:8080",
  SCHEMA_CACHE_DIR: "cache",
  DATABASE_URL: "postgres://payment@127.0.0.1/payment",
  PAYMENT_PROVIDER_URL: "http://127.0.0.1:4007",
  CARD_VAULT_KEY: Buffer.alloc(32, 1).toString("base64"),
  CARD_FINGERPRINT_KEY: Buffer.alloc(32, 2).toString("base64"),
};

test("a full environment is understood, with the policy's defaults", () => {
  expect(readEnvironment(configuration, environment)).toMatchObject({
    DECISION_TIMEOUT_MS: 2_000,
    DECISION_LIMIT_MS: 30_000,
    FALLBACK_MAX_MINOR: 5_000,
    HOLD_EXPIRY_MS: 86_400_000,
    CARD_VAULT_KEY: Buffer.alloc(32, 1),
  });
});

test("everything that is missing or wrong is named at once", () => {
  const { PAYMENT_PROVIDER_URL: _, ...rest } = environment;
  const broken = { ...rest, CARD_VAULT_KEY: "c2hvcnQ=", DECISION_TIMEOUT_MS: "soon" };
  expect(() => readEnvironment(configuration, broken)).toThrow(
    /CARD_VAULT_KEY.*32 bytes[\s\S]*DECISION_TIMEOUT_MS[\s\S]*PAYMENT_PROVIDER_URL is missing/,
  );
});

test("the exchange table that ships is one", () => {
  const text = readFileSync(readEnvironment(configuration, environment).CURRENCIES_FILE, "utf8");
  expect(exchangeTableOf(text).base).toBe("USD");
});

test.each([
  "{}",
  '{"base":"USD","currencies":{}}',
  '{"base":"USD","currencies":{"USD":{"digits":2}}}',
])("%s is no exchange table", (text) => {
  expect(() => exchangeTableOf(text)).toThrow();
});
