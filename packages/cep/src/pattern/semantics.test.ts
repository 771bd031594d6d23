import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { patternCases } from "../testing/pattern-arbitrary.ts";
import {
  type AnsweredCase,
  answerOf,
  type CaseEvent,
  type CaseStage,
  expectedOf,
  type PatternCase,
} from "../testing/pattern-case.ts";
import { asIn, oracleAnswer } from "../testing/pattern-oracle.ts";

const vectorFile = resolve(import.meta.dirname, "../../../../../shared/fixtures/cep-vectors.json");

function stage(name: string, link: CaseStage["link"], more: Partial<CaseStage> = {}): CaseStage {
  const plain = { where: `type=${name}`, quantifier: "one", inner: "relaxed" } as const;
  return { name, link, ...plain, optional: false, greedy: false, ...more };
}

/** `a@5:100`: type, time, amount; the events are e1, e2, … */
function stream(text: string): readonly CaseEvent[] {
  return text.split(" ").map((word, i) => {
    const [, type = "", ts, amount = 0] = /^([a-z])@(\d+)(?::(\d+))?$/.exec(word) ?? [];
    return { id: `e${i + 1}`, ts: Number(ts), type, amount: Number(amount) };
  });
}

type Row = readonly [
  name: string,
  pattern: readonly CaseStage[],
  events: string,
  expected: readonly string[],
  more?: Partial<PatternCase>,
];

// The expected lines are what the NFA of Apache Flink 2.1.0 (flink-cep) answered to these inputs;
// the subjects are those of its UntilConditionITCase, GreedyITCase, NotPatternITCase and of the
// within-gap cases of its NFAITCase.
const facts: readonly Row[] = [
  [
    "a loop ends at its until, and a new one may begin after it",
    [stage("a", "begin", { quantifier: "oneOrMore", until: "type=c" })],
    "a@1 a@2 c@3 a@4",
    ["match 1 e1 a=e1", "match 2 e2 a=e1,e2", "match 2 e2 a=e2", "match 4 e4 a=e4"],
  ],
  [
    "until ends consecutive",
    [stage("a", "begin", { quantifier: "oneOrMore", inner: "consecutive", until: "type=c" })],
    "a@1 a@2 c@3 a@4 b@5 a@6",
    [
      "match 1 e1 a=e1",
      "match 2 e2 a=e1,e2",
      "match 2 e2 a=e2",
      "match 4 e4 a=e4",
      "match 6 e6 a=e6",
    ],
  ],
  [
    "until ends combinations",
    [stage("a", "begin", { quantifier: "oneOrMore", inner: "combinations", until: "type=c" })],
    "a@1 a@2 a@3 c@4 a@5",
    [
      "match 1 e1 a=e1",
      "match 2 e2 a=e1,e2",
      "match 2 e2 a=e2",
      "match 3 e3 a=e1,e2,e3",
      "match 3 e3 a=e1,e3",
      "match 3 e3 a=e2,e3",
      "match 3 e3 a=e3",
      "match 5 e5 a=e5",
    ],
  ],
  [
    "what follows may still come after until",
    [stage("a", "begin", { quantifier: "oneOrMore", until: "type=c" }), stage("b", "followedBy")],
    "a@1 a@2 c@3 a@4 b@5",
    [
      "match 5 e5 a=e1,e2 b=e5",
      "match 5 e5 a=e1 b=e5",
      "match 5 e5 a=e2 b=e5",
      "match 5 e5 a=e4 b=e5",
    ],
  ],
  [
    "the event of until can be the next stage's",
    [stage("a", "begin", { quantifier: "oneOrMore", until: "type=c" }), stage("c", "followedBy")],
    "a@1 a@2 c@3 a@4 c@5",
    [
      "match 3 e3 a=e1,e2 c=e3",
      "match 3 e3 a=e1 c=e3",
      "match 3 e3 a=e2 c=e3",
      "match 5 e5 a=e4 c=e5",
    ],
  ],
  [
    "next: only the event of until itself can follow",
    [stage("a", "begin", { quantifier: "oneOrMore", until: "type=c" }), stage("b", "next")],
    "a@1 a@2 c@3 b@4 a@5 b@6",
    ["match 6 e6 a=e5 b=e6"],
  ],
  [
    "an event that both continues and ends a loop ends it",
    [stage("a", "begin", { quantifier: "oneOrMore", until: "amount>100" })],
    "a@1:10 a@2:150 a@3:20",
    ["match 1 e1 a=e1", "match 3 e3 a=e3"],
  ],
  [
    "at least two, ended early",
    [
      stage("a", "begin", { quantifier: "timesOrMore:2", until: "type=c" }),
      stage("b", "followedBy"),
    ],
    "a@1 c@2 a@3 b@4",
    [],
  ],
  [
    "optional loop with until: none taken",
    [
      stage("s", "begin"),
      stage("a", "followedBy", { quantifier: "oneOrMore", optional: true, until: "type=c" }),
      stage("b", "followedBy"),
    ],
    "s@1 a@2 c@3 a@4 b@5",
    ["match 5 e5 a=e2 b=e5 s=e1", "match 5 e5 b=e5 s=e1"],
  ],
  [
    "until before the first of an optional loop",
    [
      stage("s", "begin"),
      stage("a", "followedBy", { quantifier: "oneOrMore", optional: true, until: "type=c" }),
      stage("b", "followedBy"),
    ],
    "s@1 c@2 a@3 b@4",
    ["match 4 e4 a=e3 b=e4 s=e1", "match 4 e4 b=e4 s=e1"],
  ],
  [
    "until before the first of a required loop does not hold it up",
    [stage("s", "begin"), stage("a", "followedBy", { quantifier: "oneOrMore", until: "type=c" })],
    "s@1 c@2 a@3 a@4",
    ["match 3 e3 a=e3 s=e1", "match 4 e4 a=e3,e4 s=e1"],
  ],
  [
    "greedy with until leaves its own kind to the next stage afterwards",
    [
      stage("a", "begin", { quantifier: "oneOrMore", greedy: true, until: "type=c" }),
      stage("z", "followedBy", { where: "amount>5" }),
    ],
    "a@1:10 a@2:10 c@3:1 a@4:10",
    ["match 4 e4 a=e1,e2 z=e4", "match 4 e4 a=e2 z=e4"],
  ],
  [
    "greedy without until claims every event it can take",
    [
      stage("a", "begin", { quantifier: "oneOrMore", greedy: true }),
      stage("z", "followedBy", { where: "amount>5" }),
    ],
    "a@1:10 a@2:10 b@3:1 a@4:10 b@5:10",
    ["match 5 e5 a=e1,e2,e4 z=e5", "match 5 e5 a=e2,e4 z=e5", "match 5 e5 a=e4 z=e5"],
  ],
  [
    "until over what was taken: the fourth event is above their sum",
    [stage("a", "begin", { quantifier: "oneOrMore", until: "amount>sum(a)" })],
    "a@1:10 a@2:10 a@3:15 a@4:40 a@5:5",
    [
      "match 1 e1 a=e1",
      "match 2 e2 a=e1,e2",
      "match 2 e2 a=e2",
      "match 3 e3 a=e1,e2,e3",
      "match 3 e3 a=e3",
      "match 4 e4 a=e4",
      "match 5 e5 a=e4,e5",
      "match 5 e5 a=e5",
    ],
  ],
  [
    "an absence inside until",
    [
      stage("a", "begin", { quantifier: "oneOrMore", until: "type=c" }),
      stage("x", "notFollowedBy"),
      stage("b", "followedBy"),
    ],
    "a@1 c@2 x@3 b@4",
    [],
  ],
  [
    "absence not violated",
    [
      stage("a", "begin", { quantifier: "oneOrMore", until: "type=c" }),
      stage("x", "notFollowedBy"),
      stage("b", "followedBy"),
    ],
    "x@1 a@2 c@3 d@4 b@5",
    ["match 5 e5 a=e2 b=e5"],
  ],
  [
    "until and skip past last",
    [stage("a", "begin", { quantifier: "oneOrMore", until: "type=c" })],
    "a@1 a@2 c@3 a@4",
    ["match 1 e1 a=e1", "match 2 e2 a=e2", "match 4 e4 a=e4"],
    { skip: "pastLast" },
  ],
  [
    "until and skip to last",
    [stage("a", "begin", { quantifier: "oneOrMore", until: "type=c" }), stage("b", "followedBy")],
    "a@1 a@2 c@3 b@4",
    ["match 4 e4 a=e1,e2 b=e4", "match 4 e4 a=e2 b=e4"],
    { skip: "toLast:a" },
  ],
  [
    "until and within",
    [stage("a", "begin", { quantifier: "oneOrMore", until: "type=c" }), stage("b", "followedBy")],
    "a@0 a@2 c@3 b@5",
    ["match 5 e4 a=e2 b=e4", "timeout 4 a=e1,e2", "timeout 4 a=e1"],
    { within: 4 },
  ],
  [
    "gap: the second comes in time",
    [stage("a", "begin"), stage("b", "followedBy", { gap: 3 })],
    "a@0 b@2",
    ["match 2 e2 a=e1 b=e2"],
  ],
  [
    "gap: strict",
    [stage("a", "begin"), stage("b", "followedBy", { gap: 3 })],
    "a@0 b@3",
    ["timeout 3 a=e1"],
  ],
  [
    "gap counts from the match's event before",
    [
      stage("a", "begin"),
      stage("b", "followedBy", { gap: 3 }),
      stage("c", "followedBy", { gap: 3 }),
    ],
    "a@0 b@2 d@3 c@4",
    ["match 4 e4 a=e1 b=e2 c=e4"],
  ],
  [
    "followedByAny in time only",
    [stage("a", "begin"), stage("b", "followedByAny", { gap: 4 })],
    "a@0 b@1 b@3 b@4",
    ["match 1 e2 a=e1 b=e2", "match 3 e3 a=e1 b=e3", "timeout 4 a=e1"],
  ],
  [
    "gap and within, the sooner ends",
    [
      stage("a", "begin"),
      stage("b", "followedBy", { gap: 5 }),
      stage("c", "followedBy", { gap: 5 }),
    ],
    "a@0 b@4 c@7",
    ["timeout 6 a=e1 b=e2"],
    { within: 6 },
  ],
  [
    "trailing absence lasts its gap",
    [stage("a", "begin"), stage("b", "followedBy"), stage("x", "notFollowedBy", { gap: 3 })],
    "a@0 b@2 d@5",
    ["match 5 advance a=e1 b=e2"],
  ],
  [
    "trailing absence violated within its gap",
    [stage("a", "begin"), stage("x", "notFollowedBy", { gap: 3 })],
    "a@0 x@2 a@10 x@13",
    ["match 13 advance a=e3"],
  ],
  [
    "gap holds back skip",
    [stage("a", "begin"), stage("b", "followedBy", { gap: 3 })],
    "a@0 a@1 b@2 c@9",
    ["match 2 e3 a=e1 b=e3"],
    { skip: "pastLast" },
  ],
];

function caseOf([, pattern, events, , more]: Row): PatternCase {
  const list = stream(events);
  const finalWatermark = (list.at(-1)?.ts ?? 0) + 25;
  return { pattern, within: 0, skip: "none", events: list, finalWatermark, ...more };
}

describe("until and gaps are Flink's", () => {
  test.each(facts)("%s", (...row) => {
    const answer = answerOf(caseOf(row));
    expect(answer.toSorted()).toEqual(row[3].toSorted());
    expect(oracleAnswer(caseOf(row), asIn(answer)).toSorted()).toEqual(row[3].toSorted());
  });
});

describe("gaps where Flink leaves some unchecked", () => {
  const list = "a@0 a@2 b@9";
  test.each<[string, readonly CaseStage[], readonly string[]]>([
    [
      "the last gap of times(2) counts as well",
      [stage("a", "begin", { quantifier: "times:2", gap: 2 })],
      ["timeout 2 a=e1", "timeout 4 a=e2"],
    ],
    [
      "a gap between the events of a loop does not bind what follows",
      [stage("a", "begin", { quantifier: "oneOrMore", gap: 3 }), stage("b", "followedBy")],
      [
        "match 9 e3 a=e1 b=e3",
        "match 9 e3 a=e1,e2 b=e3",
        "match 9 e3 a=e2 b=e3",
        "timeout 5 a=e1,e2",
        "timeout 5 a=e2",
      ],
    ],
    [
      "a gap to what follows a loop does not bind the loop",
      [stage("a", "begin", { quantifier: "oneOrMore" }), stage("b", "followedBy", { gap: 8 })],
      ["match 9 e3 a=e1,e2 b=e3", "match 9 e3 a=e2 b=e3", "timeout 8 a=e1"],
    ],
    [
      "a gap inside a loop does not time out a match that only a notNext still has to confirm",
      [stage("a", "begin", { quantifier: "times:2", gap: 3 }), stage("x", "notNext")],
      ["match 9 e3 a=e1,e2", "timeout 5 a=e2"],
    ],
  ])("%s", (name, pattern, expected) => {
    expect(answerOf(caseOf([name, pattern, list, expected])).toSorted()).toEqual(expected);
  });
});

describe("a second reading of the semantics", () => {
  test("agrees with 200 answers of Flink's NFA, and so does the automaton", () => {
    if (!existsSync(vectorFile)) {
      console.info(`Left out: ${vectorFile} is not there.`);
      return;
    }
    const vectors = JSON.parse(readFileSync(vectorFile, "utf8")) as readonly AnsweredCase[];
    for (const vector of vectors) {
      const expected = expectedOf(vector);
      expect([vector.id, answerOf(vector).toSorted()]).toEqual([vector.id, expected.toSorted()]);
      if (vector.error !== undefined) continue;
      const read = oracleAnswer(vector, asIn(expected));
      expect([vector.id, read.toSorted()]).toEqual([vector.id, expected.toSorted()]);
    }
  });

  test("agrees with the automaton on random patterns over random streams", () => {
    let refused = 0;
    fc.assert(
      fc.property(patternCases, (given) => {
        const answer = answerOf(given);
        if (answer[0] === "refused") refused++;
        else expect(oracleAnswer(given, asIn(answer)).toSorted()).toEqual(answer.toSorted());
      }),
      { numRuns: 2_000 },
    );
    expect(refused).toBeLessThan(500);
  });
});
