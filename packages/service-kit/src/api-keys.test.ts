import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { anonymous, createAuthenticate, hashApiKey, mayActFor, readApiKeys } from "./api-keys.ts";
import { ConfigurationError } from "./environment.ts";

const shop = {
  name: "shop",
  sha256: hashApiKey("secret"),
  scopes: ["customer"],
  customerId: "cust_1",
};

describe("API_KEYS", () => {
  test("is a JSON list or the path of a file that holds one", () => {
    const folder = mkdtempSync(join(tmpdir(), "keys-"));
    const file = join(folder, "keys.json");
    writeFileSync(file, JSON.stringify([shop]));
    try {
      const fromFile = readApiKeys({ APP_ENV: "production", API_KEYS: file });
      const fromText = readApiKeys({ APP_ENV: "production", API_KEYS: JSON.stringify([shop]) });
      expect(fromFile).toEqual(fromText);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    ["not JSON", "[{"],
    ["a file that is not there", "/nowhere/keys.json"],
    ["an unknown scope", JSON.stringify([{ ...shop, scopes: ["root"] }])],
    ["a key in clear", JSON.stringify([{ ...shop, sha256: "secret" }])],
    ["a customer key without a customer", JSON.stringify([{ ...shop, customerId: null }])],
    ["a demo key outside a demo", JSON.stringify([{ ...shop, sha256: hashApiKey("demo-shop") }])],
  ])("is refused when it is %s", (_what, text) => {
    expect(() => readApiKeys({ APP_ENV: "production", API_KEYS: text })).toThrow(
      ConfigurationError,
    );
  });

  test("holds the demo keys in a demo alone", () => {
    const demo = createAuthenticate(readApiKeys({ APP_ENV: "demo" }));
    expect(demo("demo-shop")).toEqual({ name: "demo-shop", scopes: ["customer"], customerId: "*" });
    expect(demo("demo-analyst")?.scopes).toEqual(["analyst"]);
    expect(demo("demo-admin")?.scopes).toEqual(["customer", "analyst", "admin"]);
    for (const APP_ENV of ["production", "test"]) {
      expect(createAuthenticate(readApiKeys({ APP_ENV }))("demo-shop")).toBeUndefined();
    }
  });
});

test("a caller is found by the key, never by its hash", () => {
  const authenticate = createAuthenticate(
    readApiKeys({ APP_ENV: "production", API_KEYS: JSON.stringify([shop]) }),
  );
  expect(authenticate("secret")).toEqual({
    name: "shop",
    scopes: ["customer"],
    customerId: "cust_1",
  });
  expect(authenticate(shop.sha256)).toBeUndefined();
  expect(authenticate("")).toBeUndefined();
});

test.each([
  ["a key bound to the customer", { scopes: ["customer"], customerId: "cust_1" }, true],
  ["a key bound to another", { scopes: ["customer"], customerId: "cust_2" }, false],
  ["a key bound to all", { scopes: ["customer"], customerId: "*" }, true],
  ["an analyst", { scopes: ["analyst"], customerId: "*" }, false],
  ["an admin", { scopes: ["admin"], customerId: null }, true],
  ["nobody", anonymous, false],
] as const)("%s may or may not act for a customer", (_who, caller, expected) => {
  expect(mayActFor({ name: "n", ...caller }, "cust_1")).toBe(expected);
});
