import type { PatternSpec, Predicate, Quantifier, Skip, Stage } from "@holdfast/cep";

/** An event of a conformance vector. */
export interface VectorEvent {
  readonly id: string;
  readonly ts: number;
  readonly type: string;
  readonly amount: number;
}

/** A stage as vectors write it. */
export interface VectorStage {
  readonly name: string;
  readonly link: Stage<unknown>["link"];
  /** `type=a`, `amount>100`; any comparison of the two, several joined by `&&`. */
  readonly where: string;
  /** `one`, `oneOrMore`, `times:3`, `times:2-4`, `timesOrMore:2`. */
  readonly quantifier: string;
  readonly inner: Stage<unknown>["inner"];
  readonly optional: boolean;
  readonly greedy: boolean;
  /** Condition that ends a repetition. */
  readonly until?: string;
  /** Milliseconds between the stage's events and the ones before them, strict. */
  readonly gap?: number;
}

export interface VectorMatch {
  readonly at: number;
  /** The event that completed it, or `advance`. */
  readonly by: string;
  readonly stages: Readonly<Record<string, readonly string[]>>;
}

/** A pattern, a stream, and what another engine made of them. */
export interface Vector {
  readonly id: string;
  readonly pattern: readonly VectorStage[];
  readonly within: number;
  readonly skip: string;
  readonly events: readonly VectorEvent[];
  readonly finalWatermark: number;
  readonly matches?: readonly VectorMatch[];
  readonly timeouts?: readonly Omit<VectorMatch, "by">[];
  /** The pattern must be refused. */
  readonly error?: string;
}

/** The vector's pattern for the engine. Throws on a form that the format does not know. */
export function specOf(vector: Vector): PatternSpec<Predicate<VectorEvent>> {
  return {
    stages: vector.pattern.map(stageOf),
    withinMs: vector.within > 0 ? vector.within : undefined,
    skip: skipOf(vector.skip),
  };
}

function stageOf(stage: VectorStage): Stage<Predicate<VectorEvent>> {
  const { name, link, where, quantifier, inner, optional, greedy, until, gap, ...rest } = stage;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new Error(`Unknown property of a stage: ${unknown}`);
  return {
    name,
    link,
    where: predicateOf(where),
    quantifier: quantifierOf(quantifier),
    inner,
    optional,
    greedy,
    ...(until === undefined ? {} : { until: predicateOf(until) }),
    ...(gap === undefined ? {} : { gapMs: gap }),
  };
}

function predicateOf(where: string): Predicate<VectorEvent> {
  const clauses = where.split("&&").map((clause) => comparisonOf(clause.trim()));
  return (event) => clauses.every((holds) => holds(event));
}

const comparisons: Readonly<Record<string, (a: string | number, b: string | number) => boolean>> = {
  "=": (a, b) => a === b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

function comparisonOf(clause: string): (event: VectorEvent) => boolean {
  const [, field, operator = "", value = ""] =
    /^(type|amount)\s*([=!<>]=?)\s*([\w.-]+)$/.exec(clause) ?? [];
  const compare = comparisons[operator];
  const limit = field === "amount" ? Number(value) : value;
  if (compare === undefined || Number.isNaN(limit)) throw new Error(`Unknown condition: ${clause}`);
  return field === "amount"
    ? (event) => compare(event.amount, limit)
    : (event) => compare(event.type, limit);
}

function quantifierOf(text: string): Quantifier {
  if (text === "one") return { kind: "one" };
  if (text === "oneOrMore") return { kind: "loop", min: 1 };
  const [, kind, from, to] = /^(times|timesOrMore):(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (from === undefined) throw new Error(`Unknown quantifier: ${text}`);
  const min = Number(from);
  if (kind === "timesOrMore") return { kind: "loop", min };
  return { kind: "times", min, max: Number(to ?? from) };
}

function skipOf(text: string): Skip {
  if (text === "none" || text === "toNext" || text === "pastLast") return { kind: text };
  const [, kind, stage] = /^(toFirst|toLast):(.+)$/.exec(text) ?? [];
  if (stage === undefined) throw new Error(`Unknown skip strategy: ${text}`);
  return kind === "toFirst" ? { kind, stage } : { kind: "toLast", stage };
}
