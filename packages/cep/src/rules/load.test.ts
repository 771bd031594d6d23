import { describe, expect, test } from "@jest/globals";
import { streamYaml } from "../testing/payments.ts";
import { loadRules } from "./load.ts";

const then = "then: { action: review, score: 40, reason: HIT }";

function load(rules: string) {
  return loadRules([
    { path: "rules.yaml", content: rules },
    { path: "stream.yaml", content: streamYaml },
  ]);
}

/** One rule with the required keys and this body. */
function one(body: string, end = then): string {
  const indented = `${body}\n${end}`.replace(/^/gm, "  ");
  return `- id: r\n  version: 1\n${indented}\n`;
}

function messages(rules: string): readonly string[] {
  const loaded = load(rules);
  return loaded.ok ? [] : loaded.errors.map((error) => error.message);
}

const windowed = (window: string): string => one(`window: ${window}\nhaving: count() >= 3`);
const having = (text: string): string => one(`window: { sliding: 60s }\nhaving: ${text}`);
const where = (text: string): string => one(`where: '${text.replaceAll("'", "''")}'`);
const stages = (list: string, more = "within: 10m"): string => one(`pattern: ${list}\n${more}`);

const mistakes: readonly (readonly [string, string, RegExp])[] = [
  [
    "unknown field",
    where("tx.amunt > 100.00"),
    /Unknown field "tx\.amunt": did you mean "amount"\?/,
  ],
  ["unknown variable", where("tz.amount > 1.00"), /Unknown name "tz": did you mean "tx"/],
  ["unknown function", having("cuont() >= 3"), /Unknown function "cuont": did you mean "count"/],
  [
    "unknown event type",
    where('tx.type == "refnd"'),
    /Unknown event type "refnd": did you mean "refund"/,
  ],
  [
    "unknown event type in a list",
    where('tx.type in ["payment", "declned"]'),
    /did you mean "declined"/,
  ],
  ["text compared with money", where('tx.amount > "100"'), /cannot compare money with a string/],
  ["number compared with text", where("tx.merchant == 7"), /cannot compare a string with an int/],
  ["money finer than a cent", where("tx.amount > 100.005"), /is no amount of USD/],
  ["money times money", where("tx.amount * tx.amount > 1.00"), /cannot combine money and money/],
  ["order of booleans", where("tx.online > false"), /a bool has none/],
  [
    "a condition that is a number",
    where("tx.retries + 1"),
    /must be true or false, this is an int/,
  ],
  ["half a condition", where("tx.amount >"), /no valid condition: Unexpected token/],
  ["a number joined by and", where("tx.online && tx.retries"), /"&&" joins conditions/],
  ["negation of text", where("!tx.merchant"), /Expected a bool, found a string/],
  ["an aggregate in where", where("count() > 3"), /belongs into "having"/],
  ["history without memory", where("history.count() > 3"), /declare its "memory"/],
  [
    "unknown history function",
    one("memory: 30d\nwhere: history.mean(tx.amount) > 1.00"),
    /Unknown function "history\.mean"/,
  ],
  ["sum of texts", having("sum(tx.merchant) > 3"), /sum\(\) needs numbers/],
  ["sum of nothing", having("sum() > 3"), /Expected one argument/],
  ["catastrophic look-behind", where('tx.merchant.matches("(?<=a)b")'), /look-around/],
  ["broken expression", where('tx.merchant.matches("a(b")'), /is missing/],
  ["a giant repetition", where('tx.merchant.matches("a{100000}")'), /too large/],
  ["an unknown text function", where('tx.merchant.startWith("a")'), /did you mean "startsWith"/],
  [
    "a bad duration literal",
    one("memory: 9d\nwhere: history.idle() > duration('5 minutes')"),
    /is no duration/,
  ],
  ["a list index", where("tx.merchant[0] == 'a'"), /no place here/],
  ["a window of zero", windowed("{ sliding: 0s }"), /longer than nothing/],
  ["a bad duration", windowed("{ sliding: 1 minute }"), /must be a duration such as 60s/],
  ["a duration without unit", windowed("{ sliding: 60 }"), /must be a duration/],
  ["two windows at once", windowed("{ sliding: 60s, tumbling: 1h }"), /A window is one of/],
  ["an unknown window", windowed("{ hopping: 60s }"), /Unknown key "hopping"/],
  ["a window without having", one("window: { sliding: 60s }"), /needs a "having"/],
  ["having without a window", one("having: count() > 3"), /"having" judges a window/],
  [
    "over without a window",
    one('where: tx.online\nover: tx.type == "declined"'),
    /"over" fills a window/,
  ],
  [
    "a window filled by history",
    one("memory: 9d\nwhere: history.count() > 1\nwindow: { sliding: 60s }\nhaving: count() > 1"),
    /decided by the event alone/,
  ],
  ["a global window without a trigger", windowed("{ global: {} }"), /fires by count or by time/],
  [
    "a negative cooldown",
    one("where: tx.online\nemit: { cooldown: -5m }"),
    /"cooldown" must be a duration/,
  ],
  ["an unknown emit", one("where: tx.online\nemit: { on: entr }"), /did you mean "enter"/],
  [
    "an unknown key",
    one("where: tx.online\nwheer: now"),
    /Unknown key "wheer": did you mean "where"/,
  ],
  ["an unknown mode", one("where: tx.online\nmode: actve"), /did you mean "active"/],
  ["another stream's key", one("key: tx.merchant\nwhere: tx.online"), /keyed by tx\.card/],
  ["no action", one("where: tx.online", "then: { score: 1, reason: R }"), /"action" is missing/],
  [
    "an unknown action",
    one("where: tx.online", "then: { action: block, score: 1, reason: R }"),
    /"action" cannot be "block"/,
  ],
  [
    "a score above 100",
    one("where: tx.online", "then: { action: review, score: 101, reason: R }"),
    /from 0 to 100/,
  ],
  [
    "a reason in small letters",
    one("where: tx.online", "then: { action: review, score: 1, reason: hit }"),
    /no reason code/,
  ],
  ["no then", "- { id: r, version: 1, where: tx.online }", /"then" is missing/],
  ["no id", `- { version: 1, where: tx.online, ${then} }`, /"id" is missing/],
  ["an id with spaces", `- { id: "My rule", version: 1, where: tx.online, ${then} }`, /no rule id/],
  ["no version", `- { id: r, where: tx.online, ${then} }`, /"version" is missing/],
  ["version zero", `- { id: r, version: 0, where: tx.online, ${then} }`, /whole number from 1/],
  ["a duplicate id", one("where: tx.online") + one("where: tx.online"), /used twice/],
  ["nothing to judge", one("mode: active"), /needs a "where"/],
  [
    "pattern and window",
    one("pattern: [{ as: a }]\nwithin: 1m\nhaving: count() > 1"),
    /no meaning in a rule with a "pattern"/,
  ],
  [
    "a pattern without within",
    stages("[{ as: a, where: tx.online }]", "skip: none"),
    /"within" is missing/,
  ],
  ["65 stages", stages("[{ as: a, times: 65 }]"), /65 stages, 64 are allowed/],
  ["greedy on one event", stages("[{ as: a, greedy: true }]"), /greedy needs a repeated stage/],
  ["a stage named twice", stages("[{ as: a }, { as: a }]"), /used twice/],
  ["an absence first", stages("[{ as: a, not: followedBy }, { as: b }]"), /first stage|begin/],
  [
    "an absence after optional",
    stages("[{ as: a }, { as: b, optional: true }, { as: c, not: next }]"),
    /after an optional/,
  ],
  [
    "an absence that another absence hides",
    stages("[{ as: a }, { as: x, not: followedBy }, { as: y, not: followedBy }]"),
    /would have no effect/,
  ],
  [
    "an absence that the very next event hides",
    stages("[{ as: a }, { as: x, not: followedBy }, { as: y, not: next }, { as: b }]"),
    /would have no effect/,
  ],
  [
    "a gap on an absence in the middle",
    stages("[{ as: a }, { as: x, not: followedBy, gap: 5s }, { as: b }]"),
    /give it to the stage that follows/,
  ],
  [
    "until on a counted stage",
    stages("[{ as: a, times: 2-4, until: tx.online }]"),
    /without an upper bound/,
  ],
  [
    "a stage that speaks of itself",
    stages("[{ as: a }, { as: b, where: tx.amount > last(b.amount) }]"),
    /ranges over an earlier stage here: a\./,
  ],
  ["nothing required", stages("[{ as: a, times: 0-2 }, { as: b, optional: true }]"), /required/],
  [
    "a skip to an absence",
    stages("[{ as: a }, { as: x, not: followedBy }, { as: b }]", "within: 1m\nskip: toFirst(x)"),
    /"skip" cannot be "toFirst\(x\)"/,
  ],
  ["a gap above within", stages("[{ as: a }, { as: b, gap: 20m }]"), /gap of a stage/],
  [
    "an unknown skip",
    stages("[{ as: a }]", "within: 1m\nskip: toLst(a)"),
    /did you mean "toLast\(a\)"/,
  ],
  ["bad times", stages("[{ as: a, times: 3-x }]"), /"times" must be such as/],
  [
    "a later stage",
    stages("[{ as: a, where: tx.amount > max(b.amount) }, { as: b }]"),
    /Unknown name "b"|needs a window/,
  ],
  [
    "a stage without last()",
    stages("[{ as: a }, { as: b, where: tx.amount > a.amount }]"),
    /say which, as in last\(a\.amount\)/,
  ],
  [
    "a join without bounds",
    one("join: { left: { as: l, type: ordered }, right: { as: p, type: captured } }"),
    /"between" is missing/,
  ],
  [
    "join bounds backwards",
    one(
      "join: { left: { as: l, type: ordered }, right: { as: p, type: captured }, between: [5m, 1m] }",
    ),
    /the lower one first/,
  ],
  [
    "a join of unknown types",
    one(
      "join: { left: { as: l, type: orderd }, right: { as: p, type: captured }, between: [0s, 5m] }",
    ),
    /did you mean "ordered"/,
  ],
  [
    "a table without memory",
    one("table: { as: profile, type: profile }\nwhere: tx.amount > profile.limit"),
    /declare its "memory"/,
  ],
  ["a regular expression backwards", where('tx.merchant.matches("a{2,1}")'), /runs backwards/],
  [
    "a join of one name with itself",
    one(
      "join: { left: { as: l, type: ordered }, right: { as: l, type: captured }, between: [0s, 5m] }",
    ),
    /"l" cannot be a name here/,
  ],
  [
    "a table by the name of the event",
    one("memory: 1d\ntable: { as: tx, type: profile }\nwhere: tx.online"),
    /"tx" cannot be a name here/,
  ],
  ["a rule for no event type", one("on: []\nwhere: tx.online"), /names no event type/],
  ["a date alone", one("effectiveFrom: 2026-01-31\nwhere: tx.online"), /must be a time such as/],
  [
    "a day that does not exist",
    one("effectiveFrom: 2026-02-30T00:00:00Z\nwhere: tx.online"),
    /must be a time such as/,
  ],
  ["an endless id", `- { id: ${"a".repeat(65)}, version: 1, where: tx.online, ${then} }`, /64 at/],
  ["an id in Cyrillic", `- { id: "правило", version: 1, where: tx.online, ${then} }`, /no rule id/],
  ["a version beyond all numbers", "- { id: r, version: 99999999999999999999 }", /1 to 1000000/],
  ["an infinite version", "- { id: r, version: .inf }", /1 to 1000000, found Infinity/],
  ["an amount beyond all numbers", where("tx.amount > 99999999999999999999.99"), /no amount of/],
  ["a number beyond all numbers", where("tx.retries > 99999999999999999999"), /no value of the/],
  ["an amount with an exponent", where("tx.amount > 1e5"), /no amount of USD/],
  ["money compared with a double", where("tx.amount > tx.risk"), /compare money with a double/],
  ["parentheses without end", where("(".repeat(3_000)), /has 3000 characters, 2000 are allowed/],
  ["a condition without end", where("tx.online && ".repeat(9_000)), /2000 are allowed/],
  ["a macro", where("[1, 2].exists(x, x > 1)"), /not part of the rule language/],
  ["a comparison with null", where("tx.merchant == null"), /no value of the rule language/],
  ["a pattern out of a variable", where("tx.merchant.matches(tx.order)"), /needs a text literal/],
  ["a back reference", where('tx.merchant.matches("(a)\\\\1")'), /not supported/],
  ["nested repetitions", where('tx.merchant.matches("((a{1,99}){1,99}){1,99}")'), /too large/],
  ["a duration with a fraction", windowed("{ sliding: 1.5h }"), /must be a duration/],
  ["a duration beyond all numbers", windowed("{ sliding: 99999999999999999999d }"), /a duration/],
  ["an alias of nothing", "- *nope", /rule files use no aliases/],
  [
    "an alias of a rule",
    `- &a { id: a, version: 1, where: tx.online, ${then} }\n- *a`,
    /no aliases/,
  ],
  ["a rule that contains itself", "- &a { id: r, pattern: [*a] }", /A stage is a map/],
  ["a merge key", `- { <<: { id: a }, id: b }`, /Unknown key "<<"/],
  ["two documents", "- a\n---\n- b", /holds one document/],
  ["a key from the prototype", "- { __proto__: 1, constructor: 2 }", /Unknown key "__proto__"/],
  ["a rule that is a number", "- 5", /A rule is a map with an id/],
  ["a text as rules", "hello", /list of rules, found "hello"/],
  ["broken YAML", "- id: [", /no valid YAML/],
  ["a key twice", "- id: a\n  id: b", /no valid YAML: Map keys must be unique/],
];

describe("a mistake is named, and the whole pack refused", () => {
  test.each(mistakes)("%s", (_name, rules, expected) => {
    expect(messages(rules).join("\n")).toMatch(expected);
  });

  test("the table is long", () => {
    expect(mistakes.length).toBeGreaterThanOrEqual(40);
  });
});

test("all mistakes of all files come at once, with their places", () => {
  const loaded = loadRules([
    {
      path: "a.yaml",
      content:
        "- id: one\n  version: 1\n  where: tx.amunt > 1.00 && tx.cuntry == 'x'\n  then: { action: review }\n",
    },
    { path: "b.yaml", content: "- id: two\n  version: x\n  where: tx.online\n" },
    { path: "stream.yaml", content: streamYaml },
  ]);
  const places = loaded.ok
    ? []
    : loaded.errors.map((e) => `${e.path}:${e.line}:${e.column} ${e.ruleId}`);
  expect(places).toEqual([
    "a.yaml:4:9 one",
    "a.yaml:4:9 one",
    "a.yaml:3:10 one",
    "a.yaml:3:29 one",
    "b.yaml:1:3 two",
    "b.yaml:2:12 two",
  ]);
});

test("aliases that multiply without end are refused before they are followed", () => {
  const level = (name: string, of: string): string => `${name}: &${name} [${of.repeat(9)}1]`;
  const names = [..."abcdefghij"];
  const bomb = names.map((name, i) => level(name, i === 0 ? "1, " : `*${names[i - 1]}, `));
  const text = `- { ${bomb.join(", ")} }`;
  expect(messages(text).join("\n")).toMatch(/Unknown key "a"/);
});

test("a message repeats no more than the beginning of a value", () => {
  const [message = ""] = messages(one(`mode: ${"x".repeat(100_000)}\nwhere: tx.online`));
  expect(message.length).toBeLessThan(300);
});

test("a byte order mark is no mistake", () => {
  expect(messages(`\uFEFF${where("tx.online")}`)).toEqual([]);
});

test("a pack needs a stream, and only one", () => {
  expect(loadRules([])).toMatchObject({ ok: false, errors: [{ line: 1 }] });
  expect(loadRules([{ path: "a.yaml", content: "[]" }])).toMatchObject({ ok: false });
  const twice = loadRules([
    { path: "a.yaml", content: streamYaml },
    { path: "b.yaml", content: streamYaml },
  ]);
  expect(twice).toMatchObject({ ok: false, errors: [{ path: "b.yaml" }] });
});

test.each([
  ["money with a whole number", where("tx.amount == 150")],
  ["a crafted expression that backtrackers choke on", where('tx.merchant.matches("^(a+)+$")')],
  ["hours of the day", where("tx.at.getHours() < 5")],
  ["lists of amounts", where("tx.amount in [1.00, 9.99]")],
])("%s is accepted", (_name, rules) => {
  expect(messages(rules)).toEqual([]);
});

test.each([
  [
    one("where: tx.amount > 100.00\nwindow: { sliding: 60s }\nhaving: count() >= 3"),
    "Holds a payment when a card makes 3 or more payments above $100.00 within 60 seconds",
  ],
  [
    one(
      "window: { sliding: 10m }\nhaving: sum(tx.amount) > 10000.00",
      "then: { action: decline, score: 1, reason: R }",
    ),
    "Declines a payment when the payments of a card come to more than $10,000.00 within 10 minutes",
  ],
  [
    one("memory: 30d\nwhere: tx.amount > 4 * history.avg(tx.amount)"),
    "Holds a payment when the amount is above 4 times the card's own average amount over 30 days",
  ],
  [
    where("tx.online && tx.amount * 1.005 > 1.00"),
    "Holds a payment when the online is true and the amount times 1.005 is above $1.00",
  ],
  [where("true"), "Holds a payment when it is made"],
])("a rule says what it does", (rules, sentence) => {
  const loaded = load(rules);
  expect(loaded.ok && loaded.pack.rules[0]?.sentence).toBe(sentence);
});
