import { expect, test } from "@jest/globals";
import { engineOf, event, rule } from "../testing/payments.ts";
import { StateFormatError } from "./bytes.ts";

const engine = engineOf(
  rule("three", "where: tx.amount > 100.00\nwindow: { sliding: 60s }\nhaving: count() >= 3") +
    rule(
      "spike",
      "memory: 30d\nwhere: history.count() >= 2 && tx.amount > 4 * history.avg(tx.amount)",
    ) +
    rule(
      "testing",
      "pattern:\n  - { as: probe, where: tx.amount < 5.00 }\n  - { as: cash, where: tx.amount > 50 * last(probe.amount) }\nwithin: 10m",
    ),
);

/** Payments of $150, $4 and $150 at 1, 2 and 3 s, as this engine stored them in its time. */
const stored = {
  1: "0100f22e0003d00f01056531303030d00f01056532303030d00f010565333030300103b2d04d85117785daf923855f014fe545eb03d00f0201077061796d656e7401b5ea01d00f030504a506d00f040501b5ea01000001ec5d4d4ff22e01020301000385db0300017821265401000000a21f0301a506020101a21f02a21f0200000100010001000200000000",
  2: "0200f22e000001a1f6d6cd03b2d04d85117785daf923855f014fe545eb0ad50ede03d00f0105653130303001077061796d656e7401b5ea01d00f010565323030300304a506d00f010565333030300301b5ea01000001ec5d4d4ff22e04050b0b85db0300017821265401000000a21f0401a506020101a21f02a21f0200000100010001000200000000",
} as const;

test("a state that was stored in the present format goes on where it was", () => {
  const state = engine.decode(Buffer.from(stored[2], "hex"));
  expect(Buffer.from(engine.encode(state)).toString("hex")).toBe(stored[2]);
  const step = engine.process(state, event(9_000, { id: "next", amount: 60_000 }), -1);
  expect(step.results).toMatchObject([
    { ruleId: "three", outcome: "hit", eventIds: ["e1000", "e3000", "next"] },
    { ruleId: "spike", outcome: "hit", values: { "history.count()": 3 } },
    { ruleId: "testing", outcome: "hit", eventIds: ["e2000", "next"] },
  ]);
});

test("a state of a format that cannot be read any more is refused by its number", () => {
  const read = () => engine.decode(Buffer.from(stored[1], "hex"));
  expect(read).toThrow(StateFormatError);
  expect(read).toThrow("State format 1 is not known, this is 2.");
});
