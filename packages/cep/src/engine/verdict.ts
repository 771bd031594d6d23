import type { AggregateExpression } from "../language/expression.ts";
import { formatValue } from "../language/verbalize.ts";
import type { RuleDefinition } from "../rules/definition.ts";
import type { Stream, Value } from "../stream.ts";
import {
  approximateFlag,
  failed,
  type HitDetail,
  hit,
  type Judgement,
  outcomeMask,
  overflowFlag,
  silent,
  warmingFlag,
} from "./judgement.ts";
import type { CompiledRule } from "./lane-plan.ts";
import type { RuleResult } from "./types.ts";

const outcomes = ["no_hit", "hit", "error"] as const;
export const overflowReason = "STATE_OVERFLOW";

/** The results of a judgement, one per rule that judges events, in pack order. */
export function resultsOf(judgement: Judgement): readonly RuleResult[] {
  const results: RuleResult[] = [];
  for (const rule of judgement.lane.rules) {
    const code = judgement.values[rule.index] ?? silent;
    if ((code & outcomeMask) !== silent) results.push(resultOf(judgement, rule));
  }
  return results;
}

/** One rule's result. */
export function resultOf(judgement: Judgement, rule: CompiledRule): RuleResult {
  return new JudgedResult(judgement, rule);
}

const noEventIds: readonly string[] = [];

/** A result that is put into words only when somebody asks: most are counted and never read. */
class JudgedResult implements RuleResult {
  declare readonly ruleId: string;
  declare readonly version: number;
  declare readonly mode: RuleResult["mode"];
  declare readonly outcome: RuleResult["outcome"];
  declare readonly action: RuleResult["action"];
  declare readonly score: number;
  declare readonly reason: string;
  declare readonly values: Readonly<Record<string, Value>>;
  declare readonly eventIds: readonly string[];
  declare readonly warming: boolean;
  declare readonly approximate: boolean;
  readonly #told: Told;
  readonly #stream: Stream;

  constructor(judgement: Judgement, rule: CompiledRule) {
    const code = judgement.values[rule.index] ?? 0;
    const { definition } = rule;
    const detail = judgement.hits?.[rule.index];
    const values = valuesOf(judgement, rule);
    this.ruleId = definition.id;
    this.version = definition.version;
    this.mode = definition.mode;
    this.outcome = outcomes[code & outcomeMask] ?? "no_hit";
    this.action = definition.action;
    this.score = definition.score;
    this.reason = (code & overflowFlag) !== 0 ? overflowReason : definition.reason;
    this.values = values;
    this.eventIds = detail?.eventIds ?? noEventIds;
    this.warming = (code & warmingFlag) !== 0;
    this.approximate = (code & approximateFlag) !== 0;
    this.#told = { rule, code, detail, values };
    this.#stream = judgement.lane.stream;
  }

  get explanation(): string {
    return explain(this.#told, this.#stream);
  }
}

/** The values that a rule saw, by the expressions that its author wrote. */
export function valuesOf(
  judgement: Judgement,
  rule: CompiledRule,
): Readonly<Record<string, Value>> {
  const { evaluation, rows } = judgement.lane.scratch;
  evaluation.event = judgement.event;
  evaluation.aggregates = judgement.values;
  judgement.rows.forEach((row, i) => {
    rows[i] = row;
  });
  const values: Record<string, Value> = {};
  for (const leaf of rule.leaves) values[leaf.name] = leaf.read(evaluation);
  return values;
}

type Told = {
  readonly rule: CompiledRule;
  readonly code: number;
  readonly detail: HitDetail | undefined;
  readonly values: Readonly<Record<string, Value>>;
};

/** "4 payments, limit 3", or the values in words. */
function explain(told: Told, stream: Stream): string {
  const { rule, code, detail, values } = told;
  if ((code & overflowFlag) !== 0) return "Too much state for this key: the rule fails closed.";
  if ((code & outcomeMask) === failed) return "A condition could not be evaluated.";
  if (rule.pattern !== undefined) return explainPattern(detail, stream);
  if (rule.join !== undefined) return detail === undefined ? "no pair" : detail.matchId;
  return explainCount(rule.definition, values, stream) ?? listValues(rule, values, stream);
}

function explainPattern(detail: HitDetail | undefined, stream: Stream): string {
  if (detail === undefined) return "the sequence is not complete";
  const more = detail.matches > 1 ? `, one of ${detail.matches} sequences` : "";
  return `${detail.eventIds.length} ${stream.words.events} in sequence${more}`;
}

/** The plain shape of a condition on a window, `count() >= n`: the aggregate and the limit in words. */
export function plainLimit(
  { plan }: RuleDefinition,
  { currency }: Stream,
): { readonly aggregate: AggregateExpression; readonly limit: string } | undefined {
  const having = plan.kind === "window" ? plan.having?.expression : undefined;
  if (having?.kind !== "compare" || having.left.kind !== "aggregate") return undefined;
  const { left: aggregate, right } = having;
  if (right.kind !== "literal") return undefined;
  return { aggregate, limit: formatValue(right.value, right.type, currency) };
}

function explainCount(
  definition: RuleDefinition,
  values: Readonly<Record<string, Value>>,
  stream: Stream,
): string | undefined {
  const plain = plainLimit(definition, stream);
  const value = plain === undefined ? undefined : values[plain.aggregate.text];
  if (plain === undefined || value === undefined) return undefined;
  const { aggregate, limit } = plain;
  const { currency, words } = stream;
  const seen = formatValue(value, aggregate.type, currency);
  if (aggregate.fn === "count")
    return `${seen} ${value === 1 ? words.event : words.events}, limit ${limit}`;
  return `${aggregate.text} is ${seen}, limit ${limit}`;
}

function listValues(
  rule: CompiledRule,
  values: Readonly<Record<string, Value>>,
  stream: Stream,
): string {
  const parts = rule.leaves.map(({ name, type }) => {
    const value = values[name];
    return `${name} ${value === undefined ? "is missing" : formatValue(value, type, stream.currency)}`;
  });
  return parts.join(", ");
}

export function isHit(code: number): boolean {
  return (code & outcomeMask) === hit;
}
