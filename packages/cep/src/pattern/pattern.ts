/** How a stage follows the one before it; Flink's contiguity conditions. */
export type Link = "begin" | "next" | "followedBy" | "followedByAny" | "notNext" | "notFollowedBy";

/** How often a stage takes an event: once, `min` to `max` times, or `min` times and more. */
export type Quantifier =
  | { readonly kind: "one" }
  | { readonly kind: "times"; readonly min: number; readonly max: number }
  | { readonly kind: "loop"; readonly min: number };

/** One stage; `C` is a condition in whatever form the caller has it. */
export type Stage<C> = {
  readonly name: string;
  readonly link: Link;
  readonly where: C;
  readonly quantifier: Quantifier;
  /** Contiguity between the events of one repeated stage. */
  readonly inner: "relaxed" | "consecutive" | "combinations";
  readonly optional: boolean;
  readonly greedy: boolean;
  /** Ends a repetition that has no upper bound; the event is not consumed by it. */
  readonly until?: C;
  /**
   * Every event of the stage follows the match's event before it by less than this; a trailing
   * absence lasts so long.
   */
  readonly gapMs?: number;
};

/** Which other partial matches a completed match removes. */
export type Skip =
  | { readonly kind: "none" }
  | { readonly kind: "toNext" }
  | { readonly kind: "pastLast" }
  | { readonly kind: "toFirst"; readonly stage: string }
  | { readonly kind: "toLast"; readonly stage: string };

export type PatternSpec<C> = {
  readonly stages: readonly Stage<C>[];
  /** Last event minus first event is less than this (Flink's `within`, strict). */
  readonly withinMs: number | undefined;
  readonly skip: Skip;
};

/** Why a pattern cannot be built; `stage` is an index. */
export type PatternProblem = { readonly stage: number | undefined; readonly message: string };

/** Stages after unrolling, the measure that is bounded. */
export const maxUnrolledStages = 64;

export function isNegative(link: Link): boolean {
  return link === "notNext" || link === "notFollowedBy";
}

/** An optional stage or `times(0, n)`. */
export function isOptional<C>(stage: Stage<C>): boolean {
  const { quantifier } = stage;
  return stage.optional || (quantifier.kind !== "one" && quantifier.min === 0);
}

/** Every reason to refuse a pattern; none means that {@link compilePattern} takes it. */
export function checkPattern<C>(spec: PatternSpec<C>): readonly PatternProblem[] {
  const problems: PatternProblem[] = [];
  const { stages, withinMs, skip } = spec;
  if (stages.length === 0) problems.push({ stage: undefined, message: "A pattern needs a stage." });
  else if (stages.every((stage) => isNegative(stage.link) || isOptional(stage))) {
    const message = "The pattern can match without any event: make one stage required.";
    problems.push({ stage: undefined, message });
  }
  stages.forEach((stage, index) => {
    for (const message of stageProblems(spec, stage, index))
      problems.push({ stage: index, message });
  });
  const last = stages.at(-1);
  if (
    isTrailingAbsence(spec, stages.length - 1) &&
    withinMs === undefined &&
    last?.gapMs === undefined
  ) {
    const message = "A pattern that ends in notFollowedBy needs a within: it is decided by time.";
    problems.push({ stage: stages.length - 1, message });
  }
  if ("stage" in skip && !stages.some((stage) => stage.name === skip.stage)) {
    const message = `The skip strategy names "${skip.stage}", which is no stage of the pattern.`;
    problems.push({ stage: undefined, message });
  }
  const unrolled = stages.reduce((sum, stage) => sum + unrolledLength(stage), 0);
  if (unrolled > maxUnrolledStages) {
    const message = `The pattern unrolls to ${unrolled} stages, ${maxUnrolledStages} are allowed.`;
    problems.push({ stage: undefined, message });
  }
  return problems;
}

function unrolledLength<C>(stage: Stage<C>): number {
  if (stage.quantifier.kind === "times") return stage.quantifier.max;
  return stage.quantifier.kind === "loop" ? Math.max(1, stage.quantifier.min) : 1;
}

function stageProblems<C>(spec: PatternSpec<C>, stage: Stage<C>, index: number): readonly string[] {
  const previous = spec.stages[index - 1];
  const messages: string[] = [];
  const refuse = (when: boolean, message: string): void => {
    if (when) messages.push(message);
  };
  refuse(
    spec.stages.findIndex((other) => other.name === stage.name) !== index,
    `The stage name "${stage.name}" is used twice.`,
  );
  refuse(
    (index === 0) !== (stage.link === "begin"),
    index === 0 ? "The first stage has nothing to follow." : "Only the first stage begins.",
  );
  refuse(
    index === 1 && previous !== undefined && isNegative(previous.link),
    "A pattern cannot begin with an absence.",
  );
  const negative = isNegative(stage.link);
  const repeated = stage.quantifier.kind !== "one";
  refuse(negative && isOptional(stage), "An absence cannot be optional.");
  refuse(negative && repeated, "An absence cannot be repeated.");
  refuse(
    negative && previous !== undefined && isOptional(previous),
    "An absence cannot come after an optional stage.",
  );
  refuse(stage.greedy && !repeated, "greedy needs a repeated stage.");
  refuse(
    stage.greedy && stage.inner === "combinations",
    "greedy and combinations exclude each other.",
  );
  refuse(
    isOptional(stage) && previous?.greedy === true,
    "An optional stage cannot come after a greedy one.",
  );
  refuse(!repeated && stage.inner !== "relaxed", `${stage.inner} needs a repeated stage.`);
  refuse(
    stage.quantifier.kind !== "loop" && stage.until !== undefined,
    "until needs a repetition without an upper bound.",
  );
  refuse(
    stage.gapMs !== undefined && negative && !isTrailingAbsence(spec, index),
    "An absence takes no event, so it has no gap: give it to the stage that follows.",
  );
  refuse(
    stage.gapMs !== undefined && spec.withinMs !== undefined && stage.gapMs > spec.withinMs,
    "The gap of a stage cannot be longer than the within of the pattern.",
  );
  messages.push(...quantifierProblems(stage.quantifier));
  return messages;
}

/** An absence that is decided by time. */
function isTrailingAbsence<C>({ stages }: PatternSpec<C>, index: number): boolean {
  return index === stages.length - 1 && stages[index]?.link === "notFollowedBy";
}

function quantifierProblems(quantifier: Quantifier): readonly string[] {
  if (quantifier.kind === "one") return [];
  const whole = Number.isInteger(quantifier.min) && quantifier.min >= 0;
  if (quantifier.kind === "loop") return whole ? [] : ["A repetition needs a whole number."];
  const ordered = Number.isInteger(quantifier.max) && quantifier.max >= Math.max(1, quantifier.min);
  return whole && ordered ? [] : ["A repetition needs whole numbers, the lower one first."];
}
