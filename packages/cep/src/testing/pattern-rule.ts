import type { CaseStage, PatternCase } from "./pattern-case.ts";

/** The stream of pattern cases: types a to d, an amount in cents. */
export const caseStreamYaml = `
stream: cases
variable: tx
key: card
currency: USD
words: { event: payment, events: payments, key: card }
types: [a, b, c, d]
judged: [a, b, c, d]
fields:
  card: string
  amount: money
`;

/**
 * A pattern case as a rule of the language; times and durations in the case's unit of a second,
 * amounts in dollars. The language means ≤ where the case means <.
 */
export function ruleOf({ pattern, within, skip }: PatternCase): string {
  const [kind, stage] = skip.split(":");
  return `
- id: r
  version: 1
  pattern:
${pattern.map((each) => `    - { ${stageOf(each).join(", ")} }`).join("\n")}
  within: ${within * 1_000 - 1}ms
  skip: ${stage === undefined ? kind : `${kind}(${stage})`}
  emit: { on: every, timedOut: true }
  then: { action: review, score: 40, reason: HIT }
`;
}

function stageOf(stage: CaseStage): readonly string[] {
  const { name, link, where, quantifier, inner, until, gap } = stage;
  const [, repeated, times = ""] = /^(times|timesOrMore):(.+)$/.exec(quantifier) ?? [];
  const not = { notNext: "next", notFollowedBy: "followedBy" }[link as string];
  const plus = repeated === "timesOrMore" ? "+" : "";
  return [
    `as: ${name}`,
    ...(not === undefined ? [] : [`not: ${not}`]),
    ...(not !== undefined || link === "begin" ? [] : [`link: ${link}`]),
    `where: '${conditionOf(where)}'`,
    ...(quantifier === "oneOrMore" ? ["times: 1+"] : []),
    ...(repeated === undefined ? [] : [`times: ${times}${plus}`]),
    ...(inner === "relaxed" ? [] : [`${inner}: true`]),
    ...(stage.optional ? ["optional: true"] : []),
    ...(stage.greedy ? ["greedy: true"] : []),
    ...(until === undefined ? [] : [`until: '${conditionOf(until)}'`]),
    ...(gap === undefined ? [] : [`gap: ${gap * 1_000 - 1}ms`]),
  ];
}

function conditionOf(text: string): string {
  return text
    .replace(/^type=(\w)$/, 'tx.type == "$1"')
    .replace(/(sum|avg|min|max|last)\((\w+)\)/, "$1($2.amount)")
    .replace(/^amount/, "tx.amount ")
    .replace(/ ([<>])(\d+)$/, " $1 $2.00");
}
