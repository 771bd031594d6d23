import { type Expression, type Source, walk } from "../language/expression.ts";
import type { RuleDefinition } from "../rules/definition.ts";

/** Fields of one side that expressions read plainly, in ascending order. */
export function fieldsRead(expressions: readonly Expression[], source: Source): readonly number[] {
  const fields = new Set<number>();
  for (const expression of expressions) {
    for (const node of walk(expression)) {
      if (node.kind === "field" && node.source === source && node.index >= 0)
        fields.add(node.index);
    }
  }
  return ascending(fields);
}

/** Every expression of a rule. */
export function expressionsOf(rule: RuleDefinition): readonly Expression[] {
  const { plan } = rule;
  switch (plan.kind) {
    case "window": {
      const having = plan.having === undefined ? [] : [plan.having.expression];
      return [plan.gate.expression, plan.fill.expression, ...having];
    }
    case "pattern":
      return plan.spec.stages.flatMap(({ where, until }) =>
        until === undefined ? [where.expression] : [where.expression, until.expression],
      );
    case "join":
      return [plan.left.expression, plan.right.expression];
  }
}

/**
 * Fields that log entries keep, so that windows can be recomputed and patterns replayed when an
 * event arrives out of order.
 */
export function projectedFields(rules: readonly RuleDefinition[]): readonly number[] {
  const fields = new Set<number>();
  for (const { plan } of rules) {
    if (plan.kind === "window" && plan.having !== undefined) {
      for (const node of walk(plan.having.expression)) {
        if (node.kind === "aggregate" && node.scope.kind === "window" && node.field !== undefined) {
          fields.add(node.field);
        }
      }
      for (const field of fieldsRead([plan.having.expression], "event")) fields.add(field);
    }
    if (plan.kind === "pattern") {
      for (const field of plan.captured) fields.add(field);
      for (const { where, until } of plan.spec.stages) {
        const read = until === undefined ? [where] : [where, until];
        for (const field of fieldsRead(
          read.map((c) => c.expression),
          "event",
        ))
          fields.add(field);
      }
    }
  }
  return ascending([...fields].filter((field) => field >= 0));
}

function ascending(fields: Iterable<number>): readonly number[] {
  return [...fields].sort((a, b) => a - b);
}
