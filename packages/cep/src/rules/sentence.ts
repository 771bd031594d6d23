import { describeDuration } from "../language/duration.ts";
import { type Expression, TYPE_FIELD } from "../language/expression.ts";
import { describe, fieldWords, formatValue, type Wording } from "../language/verbalize.ts";
import type { Stage } from "../pattern/pattern.ts";
import type { Stream } from "../stream.ts";
import type {
  Condition,
  PatternPlan,
  RuleDefinition,
  WindowPlan,
  WindowSpec,
} from "./definition.ts";

const verbs = { approve: "Notes", review: "Holds", decline: "Declines" } as const;

/**
 * The rule as one English sentence: "Holds a payment when a card makes 3 or more payments above
 * $100.00 within 60 seconds".
 */
export function describeSentence(rule: RuleDefinition, stream: Stream): string {
  const wording: Wording = {
    stream,
    window: rule.plan.kind === "window" ? describeWindow(rule.plan.window) : "",
    memory: rule.memoryMs === undefined ? "" : `over ${describeDuration(rule.memoryMs)}`,
  };
  const what = `${verbs[rule.action]} ${indefinite(stream.words.event)}`;
  switch (rule.plan.kind) {
    case "window":
      return `${what} when ${describeWindowPlan(rule.plan, wording)}`;
    case "pattern":
      return `${what} when ${describePattern(rule.plan, wording)}`;
    case "join": {
      const { aliases, lowerMs, upperMs, mode } = rule.plan;
      const span = `${describeDuration(Math.abs(lowerMs))} ${lowerMs < 0 ? "before" : "after"} and ${describeDuration(upperMs)} after`;
      const [left, right] = aliases;
      return `${what} when "${left}" ${mode === "inner" ? "has a" : "has no"} "${right}" between ${span} it`;
    }
  }
}

function indefinite(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? "an" : "a"} ${noun}`;
}

function describeWindow(window: WindowSpec | undefined): string {
  switch (window?.kind) {
    case "sliding":
      return `within ${describeDuration(window.sizeMs)}`;
    case "tumbling":
      return `in one period of ${describeDuration(window.sizeMs)}`;
    case "session":
      return `without a pause of more than ${describeDuration(window.gapMs)}`;
    case "global":
      return window.count === undefined
        ? `in ${describeDuration(window.timeMs ?? 0)} from the first`
        : `among ${window.count}`;
    default:
      return "";
  }
}

function describeWindowPlan(plan: WindowPlan, wording: Wording): string {
  const { key } = wording.stream.words;
  const counted = plan.having && describeCount(plan, plan.having, wording);
  const gate = trivial(plan.gate) ? "" : describe(plan.gate.expression, wording);
  const separate = plan.gate !== plan.fill && gate !== "" ? `${gate} and ` : "";
  if (counted !== undefined) return `${separate}${counted}`;
  if (plan.having === undefined) return gate === "" ? "it is made" : gate;
  const filter = trivial(plan.fill)
    ? ""
    : ` (counting those where ${describe(plan.fill.expression, wording)})`;
  return `${separate}for ${indefinite(key)} ${describe(plan.having.expression, wording)}${filter}`;
}

function trivial(condition: Condition): boolean {
  return condition.expression.kind === "literal";
}

const quantities: Readonly<Record<string, (limit: string) => string>> = {
  ">=": (limit) => `${limit} or more`,
  ">": (limit) => `more than ${limit}`,
  "==": (limit) => `exactly ${limit}`,
  "<": (limit) => `fewer than ${limit}`,
  "<=": (limit) => `at most ${limit}`,
};

/** The plain shapes, `count() >= n`, `sum(f) > x` and `distinct(f) >= n`, in plain words. */
function describeCount(plan: WindowPlan, having: Condition, wording: Wording): string | undefined {
  const node = having.expression;
  if (node.kind !== "compare" || node.left.kind !== "aggregate") return undefined;
  if (node.right.kind !== "literal" || node.left.scope.kind !== "window") return undefined;
  const quantity = quantities[node.operator];
  if (quantity === undefined) return undefined;
  const { words, currency, fields } = wording.stream;
  const amount = quantity(formatValue(node.right.value, node.right.type, currency));
  const which = describeFilter(plan.fill, wording);
  const field = fieldWords(fields[node.left.field ?? -1]?.name ?? "");
  const who = indefinite(words.key);
  const type = soleType(plan.fill);
  switch (node.left.fn) {
    case "count":
      if (type !== undefined) return `${who} has ${amount} events "${type}" ${wording.window}`;
      return `${who} makes ${amount} ${words.events}${which} ${wording.window}`;
    case "distinct":
      return `${who} makes ${words.events}${which} with ${amount} different ${field.replace(/ id$/, "")}s ${wording.window}`;
    case "sum":
      return `the ${words.events} of ${who}${which} come to ${amount} ${wording.window}`;
    default:
      return undefined;
  }
}

const filters: Readonly<Record<string, string>> = {
  ">": "above",
  ">=": "of at least",
  "<": "below",
  "<=": "of at most",
  "==": "of exactly",
};

/** " above $100.00" for the plain money filter, " where …" for others. */
function describeFilter(fill: Condition, wording: Wording): string {
  if (trivial(fill)) return "";
  const node = fill.expression;
  const limits = node.kind === "logic" && node.operator === "&&" ? [node.left, node.right] : [node];
  const said = limits.map((limit) => describeLimit(limit, wording.stream.currency));
  const fields = new Set(limits.map((limit) => isMoneyLimit(limit) && limit.left.name));
  if (fields.size === 1 && said.every((words) => words !== undefined))
    return ` ${said.join(" and ")}`;
  return ` (where ${describe(node, wording)})`;
}

/** "above $100.00", where the expression is that plain. */
function describeLimit(node: Expression, currency: string): string | undefined {
  const word = node.kind === "compare" ? filters[node.operator] : undefined;
  if (word === undefined || !isMoneyLimit(node)) return undefined;
  return `${word} ${formatValue(node.right.value, "money", currency)}`;
}

/** The one event type that fills the window, where the filter says no more than that. */
function soleType({ expression }: Condition): string | undefined {
  if (expression.kind !== "compare" || expression.operator !== "==") return undefined;
  const { left, right } = expression;
  if (left.kind !== "field" || left.index !== TYPE_FIELD || right.kind !== "literal")
    return undefined;
  return String(right.value);
}

type MoneyLimit = Expression & {
  readonly kind: "compare";
  readonly left: Extract<Expression, { kind: "field" }>;
  readonly right: Extract<Expression, { kind: "literal" }>;
};

function isMoneyLimit(node: Expression): node is MoneyLimit {
  if (node.kind !== "compare") return false;
  return node.left.kind === "field" && node.left.type === "money" && node.right.kind === "literal";
}

function describePattern(plan: PatternPlan, wording: Wording): string {
  const parts = plan.spec.stages.map((stage, index) => describeStage(stage, index, wording));
  const within = (plan.spec.withinMs ?? 1) - 1;
  return `${indefinite(wording.stream.words.key)} shows, within ${describeDuration(within)}, ${parts.join(", ")}`;
}

const linkWords = {
  begin: "",
  next: "directly followed by ",
  followedBy: "then ",
  followedByAny: "then any ",
  notNext: "not directly followed by ",
  notFollowedBy: "with no ",
} as const;

function describeStage(stage: Stage<Condition>, index: number, wording: Wording): string {
  const where = trivial(stage.where) ? "" : ` (${describe(stage.where.expression, wording)})`;
  const { quantifier } = stage;
  const times = quantifier.kind === "one" ? "" : ` ${quantity(quantifier)}`;
  const optional = stage.optional ? "optionally " : "";
  const link = index === 0 ? "" : linkWords[stage.link];
  return `${link}${optional}"${stage.name}"${times}${where}`;
}

function quantity(quantifier: Exclude<Stage<Condition>["quantifier"], { kind: "one" }>): string {
  if (quantifier.kind === "loop") return `${Math.max(1, quantifier.min)} times or more`;
  const { min, max } = quantifier;
  return min === max ? `${max} times` : `${min} to ${max} times`;
}
