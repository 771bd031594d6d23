import type { Action, Alert, Step, Value } from "@holdfast/cep";
import type {
  FraudAlertRaised,
  FraudDecided,
  PaymentRequested,
  RuleAction,
  RuleResult,
} from "@holdfast/contracts";
import type { ActivityRecord } from "./activity.ts";
import type { Card } from "./card.ts";
import { alertIdOf, decisionIdOf } from "./ids.ts";
import type { Ruleset } from "./ruleset.ts";

/** Where an input record lies, for outputs that name it. */
export interface InputTopic {
  readonly topic: string;
  readonly engineVersion: string;
}

const actions = { approve: "APPROVE", review: "REVIEW", decline: "DECLINE" } as const;
const strength: Record<Action, number> = { approve: 0, review: 1, decline: 2 };
const outcomes = { hit: "HIT", no_hit: "NO_HIT", error: "ERROR" } as const;
const maxEventIds = 32;

/** A payment, the record that carried it, and the rule set that judged it. */
export interface Scored {
  readonly input: InputTopic;
  readonly record: ActivityRecord;
  readonly payment: PaymentRequested;
  readonly ruleset: Ruleset;
}

/** The decision that a step of the engine means. */
export function decisionOf({ input, record, payment, ruleset }: Scored, step: Step): FraudDecided {
  return {
    ...aboutPayment({ input, record, payment }),
    outcome: actions[step.outcome],
    score: step.score,
    reasons: reasonsOf(step),
    rules: step.results.map((result) => ruleResultOf(result, ruleset)),
    rulesetGeneration: ruleset.generation,
    late: step.late,
  };
}

/** Without a rule set nothing can be approved: a person decides. */
export function undecidable(scored: Omit<Scored, "ruleset">): FraudDecided {
  return {
    ...aboutPayment(scored),
    outcome: "REVIEW",
    score: 0,
    reasons: ["NO_RULESET"],
    rules: [],
    rulesetGeneration: 0,
    late: false,
  };
}

function aboutPayment({ input, record, payment }: Omit<Scored, "ruleset">) {
  return {
    decisionId: decisionIdOf(record.eventId),
    eventId: record.eventId,
    paymentId: payment.paymentId,
    orderId: payment.orderId,
    customerId: payment.customerId,
    cardFingerprint: payment.cardFingerprint,
    engineVersion: input.engineVersion,
    inputTopic: input.topic,
    inputPartition: record.partition,
    inputOffset: record.offset,
    occurredAt: payment.occurredAt,
  };
}

/** Reason codes of the active hits, strongest first, each once. */
function reasonsOf(step: Step): string[] {
  if (step.score === 0 && step.outcome === "approve") return [];
  const hits = step.results
    .filter(({ outcome, mode }) => outcome === "hit" && mode === "active")
    .sort((a, b) => strength[b.action] - strength[a.action] || b.score - a.score);
  return [...new Set(hits.map(({ reason }) => reason))];
}

function ruleResultOf(result: Step["results"][number], ruleset: Ruleset): RuleResult {
  const isHit = result.outcome === "hit";
  return {
    ruleId: result.ruleId,
    ruleVersion: result.version,
    mode: result.mode === "shadow" ? "SHADOW" : "ACTIVE",
    result: outcomes[result.outcome],
    action: actions[result.action],
    score: isHit ? result.score : 0,
    reason: result.reason,
    warming: result.warming,
    values: valuesOf(result.values, ruleset),
    eventIds: isHit ? result.eventIds.slice(-maxEventIds) : [],
  };
}

function valuesOf(values: Readonly<Record<string, Value>>, ruleset: Ruleset) {
  return Object.keys(values).map((name) => ({ name, value: ruleset.display(name, values[name]) }));
}

/** What raised an alert. */
export interface Raised {
  readonly input: InputTopic;
  readonly card: Card;
  readonly ruleset: Ruleset;
  /** The payment at hand; undefined when time alone raised it. */
  readonly payment: PaymentRequested | undefined;
  /** The decision's id on that payment. */
  readonly decisionId: string | null;
}

/** The alert as it is published. */
export function alertOf(alert: Alert, raised: Raised): FraudAlertRaised {
  const { card, ruleset, payment } = raised;
  const phase = alert.time === "early" ? "EARLY" : "FINAL";
  const about = payment === undefined ? rememberedPayment(card, alert) : { ...payment, ...raised };
  return {
    alertId: alertIdOf({ ...alert, card: card.fingerprint, phase }),
    ruleId: alert.ruleId,
    ruleVersion: alert.version,
    matchId: alert.matchId,
    phase,
    revision: alert.revision,
    holds: alert.holds,
    cardFingerprint: card.fingerprint,
    customerId: payment?.customerId ?? card.customerId,
    paymentId: about?.paymentId ?? null,
    orderId: about?.orderId ?? null,
    decisionId: about?.decisionId ?? null,
    action: actions[alert.action] satisfies RuleAction,
    score: alert.score,
    reason: alert.reason,
    sentence: alert.sentence,
    values: valuesOf(alert.values, ruleset),
    eventIds: alert.eventIds.slice(-maxEventIds),
    rulesetGeneration: ruleset.generation,
    engineVersion: raised.input.engineVersion,
    occurredAt: alert.at,
  };
}

/** The payment that an alert of time rests on, when it was a hit that is still remembered. */
function rememberedPayment(card: Card, alert: Alert) {
  const newest = alert.eventIds.at(-1);
  const hit = card.hits.findLast(({ eventId }) => eventId === newest);
  return hit === undefined ? undefined : { ...hit, decisionId: decisionIdOf(hit.eventId) };
}
