import { expect, test } from "@jest/globals";
import { engineOf, event, rule } from "../testing/payments.ts";
import { StateFormatError } from "./bytes.ts";
import { type Formats, upgraded, upgrades } from "./upgrades.ts";

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

/** An open sequence, a window that collects, and the mark of one that closed. */
const storedClosing =
  "0200d2c9b703010001a1f6d6cd01f923855f014fe545eb0ad50ede01d0c9b70301016301077061796d656e7401dd0400000000017821265401000002d2c9b7030201dd04020101d2c9b70306d2c9b70302000001000100010003000000000000010385e1bf0182bab70382f4ee060001020707010104010178010102d00f0000000001d0c1d0810180bab70380bab70300";

/** Payments of $150, $4 and $150 at 1, 2 and 3 s, as this engine stored them in its time. */
const stored = {
  1: "0100f22e0003d00f01056531303030d00f01056532303030d00f010565333030300103b2d04d85117785daf923855f014fe545eb03d00f0201077061796d656e7401b5ea01d00f030504a506d00f040501b5ea01000001ec5d4d4ff22e01020301000385db0300017821265401000000a21f0301a506020101a21f02a21f0200000100010001000200000000",
  2: "0200f22e000001a1f6d6cd03b2d04d85117785daf923855f014fe545eb0ad50ede03d00f0105653130303001077061796d656e7401b5ea01d00f010565323030300304a506d00f010565333030300301b5ea01000001ec5d4d4ff22e04050b0b85db0300017821265401000000a21f0401a506020101a21f02a21f0200000100010001000200000000",
} as const;

test("a state with windows that only close is stored as it was when they had arrays of their own", () => {
  const closing = engineOf(
    rule(
      "testing",
      "pattern:\n  - { as: probe, where: tx.amount < 5.00 }\n  - { as: cash, where: tx.amount > 50 * last(probe.amount) }\nwithin: 10m",
    ) +
      rule(
        "shops",
        "window: { tumbling: 1h }\nhaving: distinct(tx.merchant) >= 2\nemit: { time: final, on: enter, cooldown: 2h }",
      ),
  );
  const state = closing.newState();
  const pay = (id: string, at: number, of: { amount: number; merchant: string }) =>
    closing.process(state, event(at, { id, ...of }), at - 1_001);
  pay("a", 1_000, { amount: 400, merchant: "x" });
  pay("b", 2_000, { amount: 15_000, merchant: "y" });
  pay("c", 3_601_000, { amount: 300, merchant: "x" });
  expect(Buffer.from(closing.encode(state)).toString("hex")).toBe(storedClosing);
  const read = closing.decode(Buffer.from(storedClosing, "hex"));
  expect(Buffer.from(closing.encode(read)).toString("hex")).toBe(storedClosing);
});

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

/** The present format, made 12, after two invented ones: 10 had no generation, 11 had it last. */
const formats = {
  present: 12,
  upgrades: [
    { from: 10, apply: (bytes) => Uint8Array.of(11, ...bytes.subarray(1), 0) },
    { from: 11, apply: (bytes) => Uint8Array.of(12, bytes.at(-1) ?? 0, ...bytes.subarray(1, -1)) },
  ],
} satisfies Formats;

test.each([
  ["two formats ago", 10, (bytes: Uint8Array) => [10, ...bytes.subarray(2)]],
  ["one format ago", 11, (bytes: Uint8Array) => [11, ...bytes.subarray(2), 0]],
  ["in the present one", 12, (bytes: Uint8Array) => [12, ...bytes.subarray(1)]],
])("a state that was stored %s comes to the present format step by step", (_, format, old) => {
  const present = Buffer.from(stored[2], "hex");
  const kept = Uint8Array.from(old(present));
  const before = Uint8Array.from(kept);
  const now = upgraded(kept, formats);
  expect(kept[0]).toBe(format);
  expect(now[0]).toBe(12);
  expect(now.subarray(1)).toEqual(Uint8Array.from(present.subarray(1)));
  expect(kept).toEqual(before);
});

test.each([
  ["newer", [3], "The state has format 3, this engine knows formats up to 2: it is too old."],
  [
    "given up",
    [...Buffer.from(stored[1], "hex")],
    "format 1, from which no upgrade leads to format 2",
  ],
  ["missing", [], "A stored state is empty."],
])("a state whose format is %s is refused, by its number", (_, bytes, message) => {
  const read = () => engine.decode(Uint8Array.from(bytes));
  expect(read).toThrow(StateFormatError);
  expect(read).toThrow(message);
});

test("the ways from older formats follow each other up to the present one", () => {
  const [present] = engine.encode(engine.newState());
  const steps = upgrades.map(({ from }) => from);
  expect(steps).toEqual(steps.map((_, i) => (present ?? 0) - steps.length + i));
});
