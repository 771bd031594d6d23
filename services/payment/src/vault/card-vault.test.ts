import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { createCardVault } from "./card-vault.ts";

const number = "4242424242424242";
const keys = { vault: randomBytes(32), fingerprint: randomBytes(32) };
const vault = createCardVault(keys);

test("a sealed number opens again and shows nothing of itself", () => {
  const sealed = vault.seal(number, "pm_1");
  expect(vault.open(sealed, "pm_1")).toBe(number);
  for (const encoding of ["utf8", "latin1", "hex", "base64"] as const) {
    expect(sealed.toString(encoding)).not.toContain(
      Buffer.from(number).toString(encoding).slice(0, 12),
    );
  }
});

test("the same number is never sealed to the same bytes", () => {
  expect(vault.seal(number, "pm_1").equals(vault.seal(number, "pm_1"))).toBe(false);
});

test.each<[string, (sealed: Buffer) => [Buffer, string]]>([
  ["another payment method", (sealed) => [sealed, "pm_2"]],
  ["a changed byte", (sealed) => [sealed.fill(0, 15, 16), "pm_1"]],
  ["another format", (sealed) => [Buffer.concat([Buffer.of(9), sealed.subarray(1)]), "pm_1"]],
  ["a cut", (sealed) => [sealed.subarray(0, 20), "pm_1"]],
])("%s does not open", (_, change) => {
  const [sealed, paymentMethodId] = change(vault.seal(number, "pm_1"));
  expect(() => vault.open(sealed, paymentMethodId)).toThrow();
});

test("another key does not open", () => {
  const other = createCardVault({ ...keys, vault: randomBytes(32) });
  expect(() => other.open(vault.seal(number, "pm_1"), "pm_1")).toThrow();
});

test("equal numbers have equal fingerprints, under one key only", () => {
  const other = createCardVault({ ...keys, fingerprint: randomBytes(32) });
  expect(vault.fingerprint(number)).toMatch(/^fp_v1_[A-Za-z0-9_-]{43}$/);
  expect(vault.fingerprint(number)).toBe(vault.fingerprint(number));
  expect(vault.fingerprint(number)).not.toBe(vault.fingerprint("4242424242424259"));
  expect(vault.fingerprint(number)).not.toBe(other.fingerprint(number));
});

test("short keys are refused", () => {
  expect(() => createCardVault({ ...keys, vault: randomBytes(16) })).toThrow(/32 bytes/);
});
