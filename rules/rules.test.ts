import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  createEngine,
  KeyedRunner,
  loadRules,
  type RulePack,
  toEvent,
  type Value,
} from "@holdfast/cep";
import { describe, expect, test } from "@jest/globals";

const seconds = 1_000;
const minutes = 60_000;
const hours = 3_600_000;
const days = 86_400_000;

function loadPack(): RulePack {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".yaml"));
  const files = names.map((path) => ({
    path,
    content: readFileSync(join(import.meta.dirname, path), "utf8"),
  }));
  const loaded = loadRules(files);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors, null, 2));
  return loaded.pack;
}

const pack = loadPack();

/** `[time, amount in dollars, fields]`; the type is payment unless the fields say otherwise. */
type Given = readonly [number, number, Readonly<Record<string, Value>>?];

/** Numbers (from 1) of the events at which the rule hit; windows count as 0. */
function hitsOf(ruleId: string, events: readonly Given[]): readonly number[] {
  const engine = createEngine({ ...pack, rules: pack.rules.filter((rule) => rule.id === ruleId) });
  const hits: number[] = [];
  const runner = new KeyedRunner(engine, {
    boundMs: 0,
    onStep: (_key, event, step) => {
      if (step.hits.includes(ruleId)) hits.push(Number(event.id));
      if (step.finals.some((final) => final.hits.includes(ruleId))) hits.push(0);
    },
    onTime: (_key, tail) => {
      if (tail.finals.some((final) => final.hits.includes(ruleId))) hits.push(0);
    },
  });
  events.forEach(([at, dollars, { type = "payment", ...fields } = {}], i) => {
    const amount = Math.round(dollars * 100);
    const named = {
      id: String(i + 1),
      type: String(type),
      at,
      fields: { merchantId: "m", amount, ...fields },
    };
    runner.push("card", toEvent(pack.stream, named));
  });
  runner.finish();
  return hits;
}

const declined = { type: "declined" };
const shop = (merchantId: string) => ({ merchantId });
const habit: readonly Given[] = Array.from({ length: 10 }, (_, i) => [i * days, 20]);

const cases: readonly (readonly [string, string, readonly Given[], readonly number[]])[] = [
  [
    "velocity-60s",
    "fires at the third payment above $100",
    [
      [0, 101],
      [1, 5],
      [2, 101],
      [3, 101],
    ],
    [4],
  ],
  [
    "velocity-60s",
    "60 s apart still counts",
    [
      [0, 150],
      [30 * seconds, 150],
      [60 * seconds, 150],
    ],
    [3],
  ],
  [
    "velocity-60s",
    "60.001 s apart does not",
    [
      [0, 150],
      [30 * seconds, 150],
      [60_001, 150],
    ],
    [],
  ],
  [
    "velocity-60s",
    "exactly $100 does not count",
    [
      [0, 150],
      [1, 100],
      [2, 150],
    ],
    [],
  ],
  [
    "spend-10m",
    "fires above $10,000",
    [
      [0, 9_000],
      [1, 1_000.01],
    ],
    [2],
  ],
  [
    "spend-10m",
    "exactly $10,000 is allowed",
    [
      [0, 9_000],
      [1, 1_000],
    ],
    [],
  ],
  [
    "spend-10m",
    "what is older than ten minutes is forgotten",
    [
      [0, 9_000],
      [10 * minutes + 1, 9_000],
    ],
    [],
  ],
  [
    "spend-10m",
    "ten minutes sharp still count",
    [
      [0, 9_000],
      [10 * minutes, 1_000.01],
    ],
    [2],
  ],
  [
    "spend-1h",
    "reports a full hour above $1,000",
    [
      [0, 600],
      [59 * minutes, 401],
    ],
    [0],
  ],
  [
    "spend-1h",
    "hours are those of the clock",
    [
      [59 * minutes, 600],
      [61 * minutes, 401],
    ],
    [],
  ],
  [
    "spend-1h",
    "exactly $1,000 is allowed",
    [
      [0, 600],
      [1, 400],
    ],
    [],
  ],
  [
    "card-testing",
    "three probes, then a large payment",
    [
      [0, 1],
      [1, 2],
      [2, 4.99],
      [3, 501],
    ],
    [4],
  ],
  [
    "card-testing",
    "two probes are not enough",
    [
      [0, 1],
      [1, 2],
      [3, 501],
    ],
    [],
  ],
  [
    "card-testing",
    "a refund in between speaks for the shop",
    [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 3, { type: "refund" }],
      [4, 501],
    ],
    [],
  ],
  [
    "card-testing",
    "a payment of $5.00 is no probe",
    [
      [0, 1],
      [1, 2],
      [2, 5],
      [3, 501],
    ],
    [],
  ],
  [
    "card-testing",
    "other payments may come between",
    [
      [0, 1],
      [1, 60],
      [2, 2],
      [3, 3],
      [4, 80],
      [5, 501],
    ],
    [6],
  ],
  [
    "card-testing",
    "exactly $500 is not large",
    [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 500],
    ],
    [],
  ],
  [
    "card-testing",
    "ten minutes later is too late",
    [
      [0, 1],
      [1, 2],
      [2, 3],
      [10 * minutes + 1, 501],
    ],
    [],
  ],
  [
    "card-testing",
    "ten minutes sharp is not",
    [
      [0, 1],
      [1, 2],
      [2, 3],
      [10 * minutes, 501],
    ],
    [4],
  ],
  ["amount-spike", "more than four times the habit", [...habit, [10 * days, 80.01]], [11]],
  ["amount-spike", "exactly four times is allowed", [...habit, [10 * days, 80]], []],
  [
    "amount-spike",
    "a spike becomes part of the habit",
    [...habit, [10 * days, 200], [10 * days + 1, 140]],
    [11],
  ],
  ["amount-spike", "a habit of long ago is forgotten", [...habit, [50 * days, 200]], []],
  ["amount-spike", "nine payments make no habit", [...habit.slice(1), [10 * days, 500]], []],
  [
    "many-merchants",
    "four shops in ten minutes",
    [
      [0, 9, shop("a")],
      [1, 9, shop("b")],
      [2, 9, shop("c")],
      [10 * minutes, 9, shop("d")],
    ],
    [4],
  ],
  [
    "many-merchants",
    "three shops, one twice",
    [
      [0, 9, shop("a")],
      [1, 9, shop("b")],
      [2, 9, shop("c")],
      [3, 9, shop("a")],
    ],
    [],
  ],
  [
    "many-merchants",
    "the first is too old",
    [
      [0, 9, shop("a")],
      [1, 9, shop("b")],
      [2, 9, shop("c")],
      [10 * minutes + 1, 9, shop("d")],
    ],
    [],
  ],
  [
    "dormant-then-burst",
    "a month of sleep, then three payments",
    [
      [0, 9],
      [31 * days, 9],
      [31 * days + 1, 9],
      [31 * days + 2, 9],
    ],
    [4],
  ],
  [
    "dormant-then-burst",
    "ten minutes sharp after waking still count",
    [
      [0, 9],
      [31 * days, 9],
      [31 * days + 1, 9],
      [31 * days + 10 * minutes, 9],
    ],
    [4],
  ],
  [
    "dormant-then-burst",
    "a burst that takes longer is none",
    [
      [0, 9],
      [31 * days, 9],
      [31 * days + 1, 9],
      [31 * days + 10 * minutes + 1, 9],
    ],
    [],
  ],
  [
    "dormant-then-burst",
    "30 days sharp is no sleep",
    [
      [0, 9],
      [30 * days, 9],
      [30 * days + 1, 9],
      [30 * days + 2, 9],
    ],
    [],
  ],
  [
    "dormant-then-burst",
    "a new card does not wake",
    [
      [0, 9],
      [1, 9],
      [2, 9],
      [3, 9],
    ],
    [],
  ],
  [
    "dormant-then-burst",
    "two payments are no burst",
    [
      [0, 9],
      [31 * days, 9],
      [31 * days + 1, 9],
    ],
    [],
  ],
  [
    "repeated-decline",
    "the payment after three declines",
    [
      [0, 9, declined],
      [1, 9, declined],
      [2, 9, declined],
      [3, 9],
    ],
    [4],
  ],
  [
    "repeated-decline",
    "two declines are allowed",
    [
      [0, 9, declined],
      [1, 9, declined],
      [3, 9],
    ],
    [],
  ],
  [
    "repeated-decline",
    "an hour sharp still counts",
    [
      [0, 9, declined],
      [1, 9, declined],
      [2, 9, declined],
      [hours, 9],
    ],
    [4],
  ],
  [
    "repeated-decline",
    "older declines are forgotten",
    [
      [0, 9, declined],
      [1, 9, declined],
      [2, 9, declined],
      [hours + 1, 9],
    ],
    [],
  ],
  [
    "limit-dodging",
    "three payments just under the limit",
    [
      [0, 900],
      [hours, 999.99],
      [24 * hours, 950],
    ],
    [3],
  ],
  [
    "limit-dodging",
    "the limit itself is not under it",
    [
      [0, 900],
      [1, 1_000],
      [2, 950],
    ],
    [],
  ],
  [
    "limit-dodging",
    "$899.99 is far enough below",
    [
      [0, 900],
      [1, 899.99],
      [2, 950],
    ],
    [],
  ],
  [
    "limit-dodging",
    "a day is a day",
    [
      [0, 900],
      [1, 950],
      [24 * hours + 1, 950],
    ],
    [],
  ],
];

describe("shipped rules", () => {
  test.each(cases)("%s: %s", (...[ruleId, , events, expected]) => {
    expect(hitsOf(ruleId, events)).toEqual(expected);
  });

  test("every rule has cases that fire and cases that do not", () => {
    for (const { id } of pack.rules) {
      const own = cases.filter(([ruleId]) => ruleId === id);
      expect(own.some(([, , , hits]) => hits.length > 0)).toBe(true);
      expect(own.some(([, , , hits]) => hits.length === 0)).toBe(true);
    }
  });

  test("every rule says in English what it does", () => {
    expect(Object.fromEntries(pack.rules.map(({ id, sentence }) => [id, sentence]))).toEqual({
      "amount-spike":
        "Holds a payment when the number of the card's earlier payments over 30 days is at least 10 and the amount is above 4 times the card's own average amount over 30 days",
      "card-testing":
        'Declines a payment when a card shows, within 10 minutes, "probe" 3 times (the amount is below $5.00), with no "refund" (its type is "refund"), then "cashout" (the amount is above $500.00 and the amount is above 10 times the largest amount of "probe")',
      "dormant-then-burst":
        'Holds a payment when a card shows, within 10 minutes, "waking" (the time since the card\'s last payment is above 30 days), then "burst" 2 times',
      "limit-dodging":
        "Holds a payment when a card makes 3 or more payments of at least $900.00 and below $1,000.00 within 1 day",
      "many-merchants":
        "Holds a payment when a card makes payments with 4 or more different merchants within 10 minutes",
      "repeated-decline":
        'Holds a payment when a card has 3 or more events "declined" within 1 hour',
      "spend-10m":
        "Declines a payment when the payments of a card come to more than $10,000.00 within 10 minutes",
      "spend-1h":
        "Holds a payment when the payments of a card come to more than $1,000.00 in one period of 1 hour",
      "velocity-60s":
        "Holds a payment when a card makes 3 or more payments above $100.00 within 60 seconds",
    });
  });
});
