import fc from "fast-check";
import type { CaseEvent, CaseStage, PatternCase } from "./pattern-case.ts";

const types = fc.constantFrom("type=a", "type=b", "type=c");
const amounts = fc.constantFrom("amount>50", "amount>100", "amount>150");
const simple = fc.oneof({ weight: 3, arbitrary: types }, { weight: 1, arbitrary: amounts });
const aggregate = fc.constantFrom("sum", "avg", "min", "max", "last");
const loops = ["oneOrMore", "timesOrMore:1", "timesOrMore:2", "timesOrMore:3"] as const;
const repetitions = [
  "times:0-2",
  "times:1-2",
  "times:1-3",
  "times:2",
  "times:2-4",
  "times:3",
] as const;
const quantifier = fc.oneof(
  { weight: 4, arbitrary: fc.constant("one") },
  { weight: 3, arbitrary: fc.constantFrom(...loops) },
  { weight: 2, arbitrary: fc.constantFrom(...repetitions) },
);
const positive = fc.constantFrom<CaseStage["link"][]>("next", "followedBy", "followedByAny");
const link = fc.oneof(
  { weight: 5, arbitrary: positive },
  { weight: 1, arbitrary: fc.constantFrom<CaseStage["link"][]>("notNext", "notFollowedBy") },
);
const often = (weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

function overStage(stage: string): fc.Arbitrary<string> {
  return fc.oneof(
    fc
      .tuple(fc.constantFrom(">", "<"), aggregate)
      .map(([operator, name]) => `amount${operator}${name}(${stage})`),
    fc.constantFrom(1, 2).map((n) => `${n}<count(${stage})`),
  );
}

/** Stage `index`; stages before it may be spoken of in its condition. */
function stage(index: number): fc.Arbitrary<CaseStage> {
  const earlier = Array.from({ length: index }, (_, i) => overStage(`s${i}`));
  const where = fc.oneof({ weight: 6, arbitrary: simple }, ...earlier);
  return fc
    .record({
      link: index === 0 ? fc.constant<CaseStage["link"]>("begin") : link,
      where,
      quantifier,
      inner: fc.oneof(
        { weight: 3, arbitrary: fc.constant<CaseStage["inner"]>("relaxed") },
        {
          weight: 1,
          arbitrary: fc.constantFrom<CaseStage["inner"][]>("consecutive", "combinations"),
        },
      ),
      optional: often(4),
      greedy: often(3),
      until: fc.option(where, { freq: 2, nil: undefined }),
      gap: fc.option(fc.integer({ min: 1, max: 6 }), { freq: 3, nil: undefined }),
    })
    .map(({ until, gap, ...drawn }) => tame({ name: `s${index}`, ...drawn }, until, gap));
}

/** Takes away what does not go together, so that most patterns can be built. */
function tame(drawn: CaseStage, until: string | undefined, gap: number | undefined): CaseStage {
  const { link, quantifier, inner } = drawn;
  const gapped = gap === undefined ? {} : { gap };
  if (link === "notNext") return { ...drawn, ...once };
  if (link === "notFollowedBy") return { ...drawn, ...once, ...gapped };
  if (quantifier === "one") return { ...drawn, inner: "relaxed", greedy: false, ...gapped };
  const loop = !quantifier.startsWith("times:");
  return {
    ...drawn,
    greedy: drawn.greedy && inner !== "combinations",
    ...(loop && until !== undefined ? { until } : {}),
    ...gapped,
  };
}

const once = { quantifier: "one", inner: "relaxed", optional: false, greedy: false } as const;

/** A pattern that nothing satisfies already needs a stage that takes an event. */
function requireOne(stages: readonly CaseStage[]): readonly CaseStage[] {
  const needs = ({ link, optional, quantifier }: CaseStage): boolean =>
    !(link.startsWith("not") || optional || quantifier.startsWith("times:0"));
  if (stages.some(needs)) return stages;
  return stages.map((stage, i) =>
    i === 0 ? { name: stage.name, link: stage.link, where: stage.where, ...once } : stage,
  );
}

const events: fc.Arbitrary<readonly CaseEvent[]> = fc
  .array(
    fc.record({
      step: fc.integer({ min: 0, max: 3 }),
      type: fc.constantFrom("a", "b", "c", "d"),
      amount: fc.integer({ min: 0, max: 19 }).map((tens) => tens * 10),
    }),
    { minLength: 4, maxLength: 11 },
  )
  .map((drawn) => {
    let ts = 1;
    return drawn.map(({ step, type, amount }, i) => {
      ts += step;
      return { id: `e${i}`, ts, type, amount };
    });
  });

/** Random patterns of every construct over short random streams. */
export const patternCases: fc.Arbitrary<PatternCase> = fc
  .tuple(stage(0), fc.array(fc.nat(), { maxLength: 3 }))
  .chain(([first, more]) => fc.tuple(fc.constant(first), ...more.map((_, i) => stage(i + 1))))
  .map(requireOne)
  .chain((pattern) =>
    fc.record({
      pattern: fc.constant(pattern),
      within: fc.constantFrom(0, 6, 10, 20),
      skip: fc.oneof(
        fc.constantFrom("none", "toNext", "pastLast"),
        fc
          .tuple(fc.constantFrom("toFirst", "toLast"), fc.nat({ max: pattern.length - 1 }))
          .map(([kind, index]) => `${kind}:s${index}`),
      ),
      events,
    }),
  )
  .map((drawn) => ({ ...drawn, finalWatermark: (drawn.events.at(-1)?.ts ?? 0) + 25 }));
