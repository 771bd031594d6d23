import { compileValue, type Resolver } from "../language/evaluate.ts";
import {
  type AggregateExpression,
  type AggregateScope,
  type Expression,
  TYPE_FIELD,
  walk,
} from "../language/expression.ts";
import type { RuleDefinition, WindowPlan } from "../rules/definition.ts";
import type { Stream } from "../stream.ts";
import type { BucketOptions } from "../window/buckets.ts";
import type { CompiledRule, Leaf } from "./lane-plan.ts";
import { expressionsOf } from "./projection.ts";

/** Whether time alone can bring out something of a rule: an absence, a held match, a time-out. */
export function isTimed({ definition }: CompiledRule): boolean {
  const { plan, emit } = definition;
  if (plan.kind === "join") return plan.mode === "missing";
  if (plan.kind !== "pattern") return false;
  const { stages, skip } = plan.spec;
  const trailing = stages.at(-1)?.link === "notFollowedBy";
  return emit.timedOut || skip.kind !== "none" || trailing;
}

/**
 * Whether rules that judge when the watermark passes may be given events in any order: they look at
 * nothing but windows that close, by time, and sum them up exactly. Sums of doubles depend on the
 * order of what is added.
 */
export function areOrderFree(rules: readonly RuleDefinition[], { fields }: Stream): boolean {
  return rules.every((rule) => {
    const { plan, emit, table } = rule;
    if (plan.kind !== "window" || table !== undefined || emit.time === "early") return false;
    if (plan.window?.kind !== "tumbling" && plan.window?.kind !== "session") return false;
    const expressions = expressionsOf(rule);
    if (aggregatesIn(expressions, "history").length > 0) return false;
    const asked = aggregatesIn(expressions, "window");
    return asked.every(({ field }) => fields[field ?? -1]?.type !== "double");
  });
}

/** What has to be kept for a function: sums serve averages, one deque serves both extremes. */
export function stored(fn: AggregateExpression["fn"]): string {
  if (fn === "stddev" || fn === "distinct" || fn === "idle") return fn;
  return fn === "min" || fn === "max" ? "extremes" : "sum";
}

export function windowSpan(plan: WindowPlan): number {
  const { window } = plan;
  if (window === undefined) return 0;
  return window.kind === "sliding" ? window.sizeMs : bucketSpan(window);
}

export function bucketSpan(window: BucketOptions["window"]): number {
  if (window.kind === "tumbling") return window.sizeMs;
  return window.kind === "session" ? window.gapMs : (window.timeMs ?? 0);
}

export function readsEventAlone(expression: Expression): boolean {
  for (const node of walk(expression)) {
    const foreign = node.kind === "field" && node.source !== "event";
    if (node.kind === "aggregate" || foreign) return false;
  }
  return true;
}

export function readsTypeAlone(expression: Expression): boolean {
  for (const node of walk(expression)) {
    const isType = node.kind === "field" && node.source === "event" && node.index === TYPE_FIELD;
    if (node.kind === "aggregate" || (node.kind === "field" && !isType)) return false;
  }
  return true;
}

export function readsRun(expression: Expression): boolean {
  for (const node of walk(expression)) {
    if (node.kind === "aggregate" && node.scope.kind === "stage") return true;
  }
  return false;
}

export function aggregatesIn(
  expressions: readonly Expression[],
  scope: AggregateScope["kind"],
): readonly AggregateExpression[] {
  const found: AggregateExpression[] = [];
  for (const expression of expressions) {
    for (const node of walk(expression)) {
      if (node.kind === "aggregate" && node.scope.kind === scope) found.push(node);
    }
  }
  return found;
}

/** Fields and aggregates that the expressions mention, each once. */
export function leavesOf(expressions: readonly Expression[], resolve: Resolver): readonly Leaf[] {
  const leaves = new Map<string, Leaf>();
  for (const expression of expressions) {
    for (const node of walk(expression)) {
      if (node.kind !== "field" && node.kind !== "aggregate") continue;
      const name = node.kind === "field" ? node.name : node.text;
      if (!leaves.has(name))
        leaves.set(name, { name, type: node.type, read: compileValue(node, resolve) });
    }
  }
  return [...leaves.values()];
}
