import type { FieldType, Value } from "../stream.ts";

/** Types of expressions: those of fields, and durations (milliseconds). */
export type Type = FieldType | "duration";

/** Which aggregate a call computes; `idle` is the time since the key's latest event. */
export type AggregateFunction =
  | "count"
  | "sum"
  | "avg"
  | "min"
  | "max"
  | "stddev"
  | "distinct"
  | "first"
  | "last"
  | "idle";

/** What an aggregate ranges over. */
export type AggregateScope =
  | { readonly kind: "window" }
  | { readonly kind: "history" }
  | { readonly kind: "stage"; readonly stage: string };

/** Where a field is read: from the event at hand, or from the other side of a join. */
export type Source = "event" | "left" | "table";

/** Position of a pseudo-field among an event's values. */
export const TYPE_FIELD = -1;
export const TIME_FIELD = -2;

export type FieldExpression = {
  readonly kind: "field";
  readonly type: Type;
  readonly source: Source;
  /** Index into the event's values, or TYPE_FIELD, or TIME_FIELD. */
  readonly index: number;
  readonly name: string;
};

export type AggregateExpression = {
  readonly kind: "aggregate";
  readonly type: Type;
  readonly fn: AggregateFunction;
  readonly scope: AggregateScope;
  /** Index of the aggregated field; `undefined` for count() and idle(). */
  readonly field: number | undefined;
  /** The call as the author wrote it: the name of the value in explanations. */
  readonly text: string;
};

export type ComparisonOperator = "==" | "!=" | "<" | "<=" | ">" | ">=";
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";
export type TextFunction = "contains" | "startsWith" | "endsWith" | "matches";
export type TimeFunction = "getHours" | "getMinutes" | "getDayOfWeek";

/** A typed expression: the one form from which closures, sentences and projections come. */
export type Expression =
  | { readonly kind: "literal"; readonly type: Type; readonly value: NonNullable<Value> }
  | FieldExpression
  | AggregateExpression
  | { readonly kind: "has"; readonly type: "bool"; readonly field: FieldExpression }
  | { readonly kind: "not"; readonly type: "bool"; readonly argument: Expression }
  | { readonly kind: "negate"; readonly type: Type; readonly argument: Expression }
  | {
      readonly kind: "logic";
      readonly type: "bool";
      readonly operator: "&&" | "||";
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "compare";
      readonly type: "bool";
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "arithmetic";
      readonly type: Type;
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "choose";
      readonly type: Type;
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | {
      readonly kind: "in";
      readonly type: "bool";
      readonly item: Expression;
      readonly list: readonly NonNullable<Value>[];
    }
  | {
      readonly kind: "text";
      readonly type: "bool";
      readonly fn: TextFunction;
      readonly subject: Expression;
      readonly argument: string;
    }
  | { readonly kind: "size"; readonly type: "int"; readonly subject: Expression }
  | {
      readonly kind: "time";
      readonly type: "int";
      readonly fn: TimeFunction;
      readonly subject: Expression;
    };

function children(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case "literal":
    case "field":
    case "aggregate":
      return [];
    case "has":
      return [node.field];
    case "not":
    case "negate":
      return [node.argument];
    case "logic":
    case "compare":
    case "arithmetic":
      return [node.left, node.right];
    case "choose":
      return [node.condition, node.yes, node.no];
    case "in":
      return [node.item];
    case "text":
    case "size":
    case "time":
      return [node.subject];
  }
}

/** Every node of the tree, parents before children, left to right. */
export function* walk(node: Expression): Generator<Expression> {
  yield node;
  for (const child of children(node)) yield* walk(child);
}
