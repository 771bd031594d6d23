import {
  type BooleanFunction,
  compileBoolean,
  type Evaluation,
  type Resolver,
  type ValueFunction,
} from "../language/evaluate.ts";
import type { AggregateExpression, FieldExpression } from "../language/expression.ts";
import { Automaton, type Predicate } from "../pattern/automaton.ts";
import type { Link } from "../pattern/runs.ts";
import type { Condition, JoinPlan, PatternPlan, RuleDefinition } from "../rules/definition.ts";
import type { Value } from "../stream.ts";
import type { ConditionScope, LaneCompiler } from "./compile-lane.ts";
import { fingerprint } from "./fingerprint.ts";
import type { CompiledJoin, CompiledPattern, CompiledTable } from "./lane-plan.ts";
import { fieldsRead } from "./projection.ts";
import type { RunEvent } from "./state.ts";

/**
 * Compiles a pattern plan to an automaton whose predicates read the lane's scratch space. `base`
 * resolves what does not depend on the run.
 */
export function compilePattern(
  compiler: LaneCompiler,
  plan: PatternPlan,
  base: { readonly resolve: Resolver; readonly scope: ConditionScope },
): CompiledPattern {
  const names = plan.spec.stages.map((stage) => stage.name);
  const { scratch } = compiler;
  const resolve: Resolver = {
    position: base.resolve.position,
    aggregate: (node) =>
      node.scope.kind === "stage"
        ? stageAggregate(node, names, plan.captured)
        : base.resolve.aggregate(node),
  };
  const settled = new Map<Predicate<RunEvent>, number>();
  const predicate = (condition: Condition): Predicate<RunEvent> => {
    const index = compiler.condition(condition, resolve, base.scope);
    const compiled = compiler.conditions[index];
    if (compiled === undefined || compiled.bit >= 0) {
      const holds = () => scratch.truths[index] === 1;
      settled.set(holds, index);
      return holds;
    }
    return (_event, last) => {
      const { types, evaluate } = compiled;
      if (types !== undefined && !types.includes(scratch.evaluation.event.type)) return false;
      scratch.evaluation.run = last;
      return evaluate(scratch.evaluation) === 1;
    };
  };
  const { spec } = plan;
  const print = fingerprint(["pattern", describeSpec(plan), plan.captured]);
  const automaton = new Automaton(
    {
      ...spec,
      stages: spec.stages.map((stage) => {
        const { until, ...rest } = stage;
        const where = predicate(stage.where);
        return until === undefined
          ? { ...rest, where }
          : { ...rest, where, until: predicate(until) };
      }),
    },
    { runs: compiler.options.limits.runs, matches: compiler.options.limits.matches },
  );
  const openers = automaton.openers()?.map((opener) => settled.get(opener) ?? -1);
  return {
    fingerprint: print,
    automaton,
    captured: plan.captured,
    openers: openers?.includes(-1) ? undefined : openers,
    withinMs: spec.withinMs ?? 0,
    since: compiler.since(print),
  };
}

function describeSpec(plan: PatternPlan): unknown {
  const condition = (c: { text: string; types: readonly string[] | undefined }) => [
    c.text,
    c.types,
  ];
  return {
    ...plan.spec,
    stages: plan.spec.stages.map((stage) => ({
      ...stage,
      where: condition(stage.where),
      until: stage.until && condition(stage.until),
    })),
  };
}

/** count(probe), max(probe.amount) … by walking the run that is being extended. */
function stageAggregate(
  node: AggregateExpression,
  names: readonly string[],
  captured: readonly number[],
): ValueFunction {
  const stage = node.scope.kind === "stage" ? names.indexOf(node.scope.stage) : -1;
  const position = node.field === undefined ? undefined : captured.indexOf(node.field);
  const { fn } = node;
  return (e: Evaluation) => {
    const values: number[] = [];
    let count = 0;
    for (let link = e.run as Link<RunEvent> | undefined; link !== undefined; link = link.before) {
      if (link.stage !== stage) continue;
      count++;
      const value = position === undefined ? undefined : link.event.values[position];
      if (fn === "last" && value !== undefined) return value;
      if (typeof value === "number") values.push(value);
    }
    return fn === "count" ? count : reduce(fn, values);
  };
}

/** An aggregate of values given newest first; of none there is only the sum. */
function reduce(fn: AggregateExpression["fn"], values: readonly number[]): Value {
  if (fn === "sum") return values.reduce((a, b) => a + b, 0);
  if (values.length === 0) return undefined;
  switch (fn) {
    case "avg":
      return values.reduce((a, b) => a + b, 0) / values.length;
    case "min":
      return Math.min(...values);
    case "max":
      return Math.max(...values);
    case "first":
      return values.at(-1);
    default:
      return undefined;
  }
}

/** Compiles a join; fields of the left event are read from what is kept of it. */
export function compileJoin(compiler: LaneCompiler, plan: JoinPlan): CompiledJoin {
  const { left, right, lowerMs, upperMs, mode } = plan;
  const kept = fieldsRead([right.expression], "left");
  const plain: Resolver = { position: (node) => node.index, aggregate: noAggregate };
  const beside: Resolver = {
    position: (node) => (node.source === "left" ? keptPosition(node, kept) : node.index),
    aggregate: noAggregate,
  };
  const print = fingerprint([
    "join",
    left.text,
    left.types,
    right.text,
    right.types,
    lowerMs,
    upperMs,
    mode,
  ]);
  const evaluate: BooleanFunction = compileBoolean(right.expression, beside);
  const rightKept = fieldsRead([right.expression], "event");
  return {
    fingerprint: print,
    left: compiler.condition(left, plain, {}),
    rightTypes: right.types ?? compiler.pack.stream.types,
    right: evaluate,
    lowerMs,
    upperMs,
    mode,
    kept,
    rightKept,
    since: compiler.since(print),
  };
}

function noAggregate(): ValueFunction {
  return () => undefined;
}

/** Pseudo-fields stay what they are, others are found where they were kept. */
function keptPosition(node: FieldExpression, kept: readonly number[]): number {
  return node.index < 0 ? node.index : kept.indexOf(node.index);
}

/** Compiles a rule's table; `undefined` when it has none. */
export function compileTable(
  compiler: LaneCompiler,
  rule: RuleDefinition,
  kept: readonly number[],
): CompiledTable | undefined {
  if (rule.table === undefined || rule.memoryMs === undefined) return undefined;
  const print = fingerprint(["table", rule.table.type, rule.memoryMs, kept]);
  return {
    fingerprint: print,
    type: rule.table.type,
    memoryMs: rule.memoryMs,
    kept,
    since: compiler.since(print),
  };
}
