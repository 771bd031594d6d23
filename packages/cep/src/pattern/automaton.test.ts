import { describe, expect, test } from "@jest/globals";
import { Automaton, PatternError, type Predicate } from "./automaton.ts";
import type { Link as Contiguity, PatternSpec, Skip, Stage } from "./pattern.ts";
import { stagesOf } from "./runs.ts";

type Event = { readonly name: string; readonly at: number; readonly amount: number };
type Given = Partial<Omit<Stage<Predicate<Event>>, "where">> & {
  readonly where?: Predicate<Event>;
};

/** `a1@5:100`: a name whose letters are its type, a time, an amount. */
function parse(text: string): readonly Event[] {
  return text.split(" ").map((word, i) => {
    const [, name = "", at, amount] = /^([a-z]+\d*)(?:@(-?\d+))?(?::(\d+))?$/.exec(word) ?? [];
    return { name, at: at === undefined ? i : Number(at), amount: Number(amount ?? 0) };
  });
}

function isA(letter: string): Predicate<Event> {
  return (event) => event.name.replace(/\d+$/, "") === letter;
}

/** A stage that takes events of its own name. */
function stage(name: string, link: Contiguity, more: Given = {}): Stage<Predicate<Event>> {
  return {
    name,
    link,
    where: isA(name),
    quantifier: { kind: "one" },
    inner: "relaxed",
    optional: false,
    greedy: false,
    ...more,
  };
}

function pattern(
  stages: readonly Stage<Predicate<Event>>[],
  options: { within?: number; skip?: Skip } = {},
): PatternSpec<Predicate<Event>> {
  return { stages, withinMs: options.within, skip: options.skip ?? { kind: "none" } };
}

/** Matches and time-outs as `at: names`, as Flink's operator would bring them out. */
function run(spec: PatternSpec<Predicate<Event>>, events: string, end = 1_000_000) {
  const automaton = new Automaton(spec);
  const runs = automaton.newRuns();
  const matches: string[] = [];
  const timedOut: string[] = [];
  const names = (last: Parameters<typeof stagesOf<Event>>[1]): string =>
    Object.values(stagesOf(spec, last))
      .flat()
      .map((e) => e.name)
      .join(" ");
  const take = (at: number, outcome: ReturnType<typeof automaton.advance>): void => {
    for (const match of outcome.matches) matches.push(`${at}: ${names(match.last)}`);
    for (const match of outcome.timedOut) timedOut.push(`${match.at}: ${names(match.last)}`);
  };
  let now = Number.NEGATIVE_INFINITY;
  for (const event of parse(events)) {
    if (event.at !== now) take(event.at, automaton.advance(runs, event.at));
    now = event.at;
    take(event.at, automaton.process(runs, event, event.at));
  }
  take(end, automaton.advance(runs, end));
  return { matches: matches.sort(), timedOut: timedOut.sort() };
}

/** The matches alone, without their times. */
function sequences(spec: PatternSpec<Predicate<Event>>, events: string, end?: number) {
  return run(spec, events, end)
    .matches.map((match) => match.replace(/^\d+: /, ""))
    .sort();
}

const over100 = (event: Event): boolean => event.amount > 100;
const threeTimes = { kind: "times", min: 3, max: 3 } as const;
const loop = (min: number) => ({ kind: "loop", min }) as const;
const hits = (more: Given = {}) =>
  stage("t", "begin", { where: over100, quantifier: threeTimes, ...more });

describe("three payments above a limit", () => {
  test("within is strict: the last event may be less than 60 s after the first", () => {
    const spec = pattern([hits()], { within: 60_000 });
    expect(sequences(spec, "t1@0:150 t2@30000:150 t3@59999:150 t4@60000:150")).toEqual([
      "t1 t2 t3",
      "t2 t3 t4",
    ]);
    const missed = run(spec, "t1@0:150 t2@30000:150 t3@60000:150", 60_000);
    expect(missed).toEqual({ matches: [], timedOut: ["60000: t1 t2"] });
  });

  test("an amount at the limit does not count", () => {
    const spec = pattern([hits()], { within: 4_000 });
    expect(sequences(spec, "t1@0:150 t2@1000:100 t3@2000:101 t4@3000:5 t5@4000:102")).toEqual([]);
    const wider = pattern([hits()], { within: 4_001 });
    expect(sequences(wider, "t1@0:150 t2@1000:100 t3@2000:101 t4@3000:5 t5@4000:102")).toEqual([
      "t1 t3 t5",
    ]);
  });

  test.each<[Skip["kind"], readonly string[]]>([
    ["pastLast", ["t1 t2 t3", "t4 t5 t6"]],
    ["none", ["t1 t2 t3", "t2 t3 t4", "t3 t4 t5", "t4 t5 t6"]],
  ])("of six hits skip %s keeps %j", (kind, expected) => {
    const spec = pattern([hits()], { skip: { kind } as Skip });
    const six = [1, 2, 3, 4, 5, 6].map((i) => `t${i}:150`).join(" ");
    expect(sequences(spec, six)).toEqual(expected);
  });

  test("three or more: every longer sequence is a match of its own", () => {
    const spec = pattern([hits({ quantifier: loop(3) })]);
    const expected = ["t1 t2 t3", "t1 t2 t3 t4", "t2 t3 t4"];
    expect(sequences(spec, "t1:150 t2:150 t3:150 t4:150")).toEqual(expected);
  });

  test("events of one time stamp match in order of arrival, once", () => {
    expect(sequences(pattern([hits()]), "t1@5:150 t2@5:150 t3@5:150")).toEqual(["t1 t2 t3"]);
  });
});

describe("contiguity", () => {
  test.each<[Contiguity, readonly string[]]>([
    ["next", []],
    ["followedBy", ["a b1"]],
    ["followedByAny", ["a b1", "a b2"]],
  ])("a %s b on a c b b", (link, expected) => {
    expect(sequences(pattern([stage("a", "begin"), stage("b", link)]), "a c b1 b2")).toEqual(
      expected,
    );
  });

  test("each beginning matches, unless the first match skips past its last event", () => {
    const stages = [stage("a", "begin"), stage("b", "followedBy")];
    expect(sequences(pattern(stages), "a1 a2 b1")).toEqual(["a1 b1", "a2 b1"]);
    const skipping = pattern(stages, { skip: { kind: "pastLast" } });
    expect(sequences(skipping, "a1 a2 b1")).toEqual(["a1 b1"]);
  });

  test("an optional stage gives both sequences", () => {
    const optional = stage("m", "followedBy", { optional: true });
    const spec = pattern([stage("a", "begin"), optional, stage("b", "followedBy")]);
    expect(sequences(spec, "a m b")).toEqual(["a b", "a m b"]);
  });

  test("until ends a loop without consuming the event", () => {
    const spec = pattern([stage("a", "begin", { quantifier: loop(1), until: isA("b") })]);
    expect(sequences(spec, "a1 c a2 b a3")).toEqual(["a1", "a1 a2", "a2", "a3"]);
  });

  test("a greedy loop takes what the next stage could have taken", () => {
    const greedy = stage("a", "begin", { quantifier: loop(1), greedy: true });
    const spec = pattern([greedy, stage("z", "followedBy", { where: () => true })]);
    expect(sequences(spec, "a1 a2 b1")).toEqual(["a1 a2 b1", "a2 b1"]);
  });
});

describe("absences", () => {
  test("notNext looks at the very next event, notFollowedBy at all up to the next stage", () => {
    const strict = [stage("a", "begin"), stage("x", "notNext"), stage("b", "followedBy")];
    expect(sequences(pattern(strict), "a1 x1 b1 a2 c x2 b2")).toEqual(["a2 b2"]);
    const loose = [stage("a", "begin"), stage("x", "notFollowedBy"), stage("b", "followedBy")];
    expect(sequences(pattern(loose), "a1 c x b1 a2 c2 b2")).toEqual(["a2 b2"]);
  });

  const absent = pattern([stage("a", "begin"), stage("b", "notFollowedBy")], { within: 3 });
  test.each<[string, number, readonly string[]]>([
    ["a@1 b@4", 4, ["4: a"]],
    ["a@1 b@3", 9, []],
    ["a@1", 4, ["4: a"]],
    ["a@1", 3, []],
  ])("a trailing absence is decided by time: %s, watermark %d", (events, end, expected) => {
    expect(run(absent, events, end).matches).toEqual(expected);
  });
});

describe("skip strategies and time", () => {
  const probes = [
    stage("p", "begin"),
    stage("cash", "followedBy", {
      where: (event, last) => event.amount > 10 * (last?.event.amount ?? Number.POSITIVE_INFINITY),
    }),
  ];
  test.each<[Skip["kind"], string]>([
    ["none", "20000: p2 cash"],
    ["pastLast", "600000: p2 cash"],
    ["toNext", "600000: p2 cash"],
  ])("skip %s brings the alert at %s", (kind, expected) => {
    const spec = pattern(probes, { within: 600_000, skip: { kind } as Skip });
    expect(run(spec, "p1@0:100 p2@10000:1 cash@20000:50", 600_000).matches).toEqual([expected]);
  });

  test("a gap bounds the time between neighbouring events, the last one included", () => {
    const gapped = stage("b", "followedBy", {
      gapMs: 5,
      quantifier: { kind: "times", min: 2, max: 2 },
    });
    const spec = pattern([stage("a", "begin"), gapped]);
    expect(sequences(spec, "a@0 b1@4 b2@8")).toEqual(["a b1 b2"]);
    expect(sequences(spec, "a@0 b1@4 b2@9")).toEqual([]);
    expect(run(spec, "a@0 b1@4", 9).timedOut).toEqual(["9: a b1"]);
  });

  test("skip to an element of the match keeps what starts there", () => {
    const stages = [stage("a", "begin", { quantifier: loop(1) }), stage("b", "followedBy")];
    const toLast = pattern(stages, { skip: { kind: "toLast", stage: "a" } });
    expect(sequences(toLast, "a1 a2 b1")).toEqual(["a1 a2 b1", "a2 b1"]);
  });
});

describe("a pattern is refused", () => {
  const greedy = stage("g", "begin", { quantifier: loop(1), greedy: true });
  test.each<[string, PatternSpec<Predicate<Event>>, RegExp]>([
    ["greedy on a single stage", pattern([stage("a", "begin", { greedy: true })]), /repeated/],
    ["greedy with combinations", pattern([{ ...greedy, inner: "combinations" }]), /exclude/],
    ["optional after greedy", pattern([greedy, stage("b", "next", { optional: true })]), /greedy/],
    ["a name used twice", pattern([stage("a", "begin"), stage("a", "next")]), /twice/],
    [
      "a trailing absence without within",
      pattern([stage("a", "begin"), stage("b", "notFollowedBy")]),
      /within/,
    ],
    [
      "an absence after an optional stage",
      pattern([stage("a", "begin", { optional: true }), stage("b", "notNext"), stage("c", "next")]),
      /optional/,
    ],
    [
      "a gap above within",
      pattern([stage("a", "begin"), stage("b", "next", { gapMs: 9 })], { within: 5 }),
      /gap/,
    ],
    [
      "until on a repetition with an upper bound",
      pattern([stage("a", "begin", { quantifier: threeTimes, until: isA("b") })]),
      /upper bound/,
    ],
    [
      "a gap on an absence that the next stage ends",
      pattern([stage("a", "begin"), stage("x", "notNext", { gapMs: 9 }), stage("b", "next")]),
      /no gap/,
    ],
    [
      "an unknown skip target",
      pattern([stage("a", "begin")], { skip: { kind: "toFirst", stage: "z" } }),
      /skip/,
    ],
    ["no required stage", pattern([stage("a", "begin", { optional: true })]), /required/],
    [
      "65 stages",
      pattern([stage("a", "begin", { quantifier: { kind: "times", min: 65, max: 65 } })]),
      /65/,
    ],
    ["no stage at all", pattern([]), /needs a stage/],
    ["an absence first", pattern([stage("a", "begin"), stage("b", "begin")]), /first stage/],
    [
      "a repetition backwards",
      pattern([stage("a", "begin", { quantifier: { kind: "times", min: 3, max: 2 } })]),
      /lower/,
    ],
  ])("%s", (_name, spec, message) => {
    expect(() => new Automaton(spec)).toThrow(PatternError);
    expect(() => new Automaton(spec)).toThrow(message);
  });
});

describe("bounds", () => {
  test("beyond the bound the oldest runs go and the newest still match", () => {
    const spec = pattern([stage("a", "begin"), stage("b", "followedBy")]);
    const automaton = new Automaton(spec, { runs: 3, matches: 2 });
    const runs = automaton.newRuns();
    for (const event of parse("a1 a2 a3 a4 a5")) automaton.process(runs, event, event.at);
    expect(runs.active).toHaveLength(4);
    expect(runs.overflowed).toBe(true);
    const { matches } = automaton.process(runs, { name: "b", at: 9, amount: 0 }, 9);
    expect(matches).toHaveLength(2);
  });
});
