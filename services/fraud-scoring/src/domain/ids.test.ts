import { uuidV5 } from "@holdfast/service-kit";
import { expect, test } from "@jest/globals";
import { type AlertIdentity, alertIdOf, decisionIdOf } from "./ids.ts";

test("a decision's id is the UUIDv5 of its event's id", () => {
  for (const eventId of ["a", "0192aaaa-0000-7000-8000-000000000001", "é", ""]) {
    const expected = uuidV5("6c1f0f0e-5d63-5c0b-9d0c-7f5a3f0c2b11", eventId);
    expect(decisionIdOf(eventId)).toBe(expected);
  }
});

const alert: AlertIdentity = {
  ruleId: "r",
  version: 1,
  card: "fp",
  matchId: "m",
  phase: "EARLY",
  revision: 0,
};

test("an alert's id is that of its rule, version, card, match, phase and revision", () => {
  const others: Partial<AlertIdentity>[] = [
    { ruleId: "s" },
    { version: 2 },
    { card: "fq" },
    { matchId: "n" },
    { phase: "FINAL" },
    { revision: 1 },
  ];
  const ids = [{}, ...others].map((other) => alertIdOf({ ...alert, ...other }));
  expect(new Set(ids).size).toBe(ids.length);
  expect(alertIdOf({ ...alert })).toBe(ids[0]);
  expect(ids[0]).toBe(
    uuidV5("b7a4f3d2-1c52-5a8e-8a64-2f9d6e3b5c07", JSON.stringify(["r", 1, "fp", "m", "EARLY"])),
  );
});
