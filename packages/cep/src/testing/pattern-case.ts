import { Automaton, type Match, PatternError } from "../pattern/automaton.ts";
import type { Link, PatternSpec, Quantifier, Skip, Stage } from "../pattern/pattern.ts";
import { stagesOf, type Link as Taken } from "../pattern/runs.ts";

/** An event of a pattern case. */
export type CaseEvent = {
  readonly id: string;
  readonly ts: number;
  readonly type: string;
  readonly amount: number;
};

/** A stage in the words of the shared vector format, with `until` and `gap` besides. */
export type CaseStage = {
  readonly name: string;
  readonly link: Link;
  /** `type=a`, `amount>100`, or over an earlier stage: `amount>avg(s0)`, `1<count(s0)`. */
  readonly where: string;
  /** `one`, `oneOrMore`, `times:3`, `times:2-4`, `timesOrMore:2`. */
  readonly quantifier: string;
  readonly inner: Stage<unknown>["inner"];
  readonly optional: boolean;
  readonly greedy: boolean;
  readonly until?: string;
  readonly gap?: number;
};

/** A pattern and a stream as plain data; printable, so that a failing property can be replayed. */
export type PatternCase = {
  readonly pattern: readonly CaseStage[];
  /** Milliseconds, strict; 0 = unbounded. */
  readonly within: number;
  readonly skip: string;
  readonly events: readonly CaseEvent[];
  readonly finalWatermark: number;
  /** Time is told at every unit, as a host with timers does, and not with events alone. */
  readonly ticking?: boolean;
};

/** A case with the answer of another engine. */
export type AnsweredCase = PatternCase & {
  readonly id: string;
  readonly matches?: readonly (Answer & { readonly by: string })[];
  readonly timeouts?: readonly Answer[];
  /** The pattern must be refused. */
  readonly error?: string;
};

type Answer = {
  readonly at: number;
  readonly stages: Readonly<Record<string, readonly string[]>>;
};

/** A condition; `earlier` gives what a stage has taken so far. */
export type Condition = (
  event: CaseEvent,
  earlier: (stage: string) => readonly CaseEvent[],
) => boolean;

const aggregates: Readonly<Record<string, (amounts: readonly number[]) => number>> = {
  count: (amounts) => amounts.length,
  sum: (amounts) => amounts.reduce((a, b) => a + b, 0),
  avg: (amounts) => amounts.reduce((a, b) => a + b, 0) / amounts.length,
  min: (amounts) => Math.min(...amounts),
  max: (amounts) => Math.max(...amounts),
  last: (amounts) => amounts.at(-1) ?? Number.NaN,
};

/** Reads a condition; one over a stage that took nothing is false. */
export function conditionOf(text: string): Condition {
  const [, type] = /^type=(\w+)$/.exec(text) ?? [];
  if (type !== undefined) return (event) => event.type === type;
  const [, limit] = /^amount>(-?\d+)$/.exec(text) ?? [];
  if (limit !== undefined) return (event) => event.amount > Number(limit);
  const [, left, operator, name = "", stage = ""] =
    /^(amount|\d+)([<>])(\w+)\((\w+)\)$/.exec(text) ?? [];
  const aggregate = aggregates[name];
  if (left === undefined || aggregate === undefined) throw new Error(`No condition: ${text}`);
  return (event, earlier) => {
    const amounts = earlier(stage).map(({ amount }) => amount);
    if (amounts.length === 0) return false;
    const value = left === "amount" ? event.amount : Number(left);
    return operator === ">" ? value > aggregate(amounts) : value < aggregate(amounts);
  };
}

export function quantifierOf(text: string): Quantifier {
  if (text === "one") return { kind: "one" };
  if (text === "oneOrMore") return { kind: "loop", min: 1 };
  const [, kind, from, to] = /^(times|timesOrMore):(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (from === undefined) throw new Error(`No quantifier: ${text}`);
  const min = Number(from);
  return kind === "times" ? { kind, min, max: Number(to ?? from) } : { kind: "loop", min };
}

export function skipOf(text: string): Skip {
  if (text === "none" || text === "toNext" || text === "pastLast") return { kind: text };
  const [, kind, stage] = /^(toFirst|toLast):(.+)$/.exec(text) ?? [];
  if (stage === undefined) throw new Error(`No skip strategy: ${text}`);
  return kind === "toFirst" ? { kind, stage } : { kind: "toLast", stage };
}

type Predicate = (event: CaseEvent, last: Taken<CaseEvent> | undefined) => boolean;

function specOf({ pattern, within, skip }: PatternCase): PatternSpec<Predicate> {
  const indexes = new Map(pattern.map(({ name }, index) => [name, index]));
  const predicate = (text: string): Predicate => {
    const condition = conditionOf(text);
    return (event, last) =>
      condition(event, (stage) => {
        const taken: CaseEvent[] = [];
        for (let link = last; link !== undefined; link = link.before) {
          if (link.stage === indexes.get(stage)) taken.unshift(link.event);
        }
        return taken;
      });
  };
  return {
    stages: pattern.map((stage) => ({
      name: stage.name,
      link: stage.link,
      where: predicate(stage.where),
      quantifier: quantifierOf(stage.quantifier),
      inner: stage.inner,
      optional: stage.optional,
      greedy: stage.greedy,
      ...(stage.until === undefined ? {} : { until: predicate(stage.until) }),
      ...(stage.gap === undefined ? {} : { gapMs: stage.gap }),
    })),
    withinMs: within > 0 ? within : undefined,
    skip: skipOf(skip),
  };
}

/** One line per match and time-out, in the order given; answers are equal when sorted they are. */
export function expectedOf({ matches = [], timeouts = [], error }: AnsweredCase): string[] {
  if (error !== undefined) return ["refused"];
  return [
    ...matches.map(({ at, by, stages }) => `match ${at} ${by} ${textOf(stages)}`),
    ...timeouts.map(({ at, stages }) => `timeout ${at} ${textOf(stages)}`),
  ];
}

export function textOf(stages: Readonly<Record<string, readonly string[]>>): string {
  const sorted = Object.entries(stages).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, ids]) => `${name}=${ids.join(",")}`).join(" ");
}

/** Feeds a host: `advance` before the events of a time stamp, each event, `advance` at the end. */
export function drive(
  { events, finalWatermark, ticking = false }: PatternCase,
  host: {
    readonly advance: (at: number) => void;
    readonly process: (event: CaseEvent) => void;
  },
): void {
  let now: number | undefined;
  const advance = (to: number): void => {
    for (let at = ticking ? (now ?? to) + 1 : to; at < to; at++) host.advance(at);
    if (to !== now) host.advance(to);
    now = to;
  };
  for (const event of events) {
    advance(event.ts);
    host.process(event);
  }
  advance(finalWatermark);
}

/** What the automaton makes of a case, in the form of {@link expectedOf}. */
export function answerOf(given: PatternCase): string[] {
  const lines: string[] = [];
  try {
    const automaton = new Automaton<CaseEvent>(specOf(given), { runs: 1e6, matches: 1e6 });
    const runs = automaton.newRuns();
    const named = ({ last }: Match<CaseEvent>): string => {
      const stages = Object.entries(stagesOf(automaton.spec, last));
      return textOf(Object.fromEntries(stages.map(([name, es]) => [name, es.map((e) => e.id)])));
    };
    drive(given, {
      advance: (at) => {
        const { matches, timedOut } = automaton.advance(runs, at);
        for (const match of matches) lines.push(`match ${at} advance ${named(match)}`);
        for (const match of timedOut) lines.push(`timeout ${match.at} ${named(match)}`);
      },
      process: (event) => {
        for (const match of automaton.process(runs, event, event.ts).matches)
          lines.push(`match ${event.ts} ${event.id} ${named(match)}`);
      },
    });
  } catch (error) {
    if (error instanceof PatternError) return ["refused"];
    throw error;
  }
  return lines;
}
