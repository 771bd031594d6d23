import type { Alert, NamedEvent, Step, StepTail } from "@holdfast/cep";
import type {
  FraudAlertRaised,
  FraudDecided,
  PaymentRequested,
  RulesetActivated,
} from "@holdfast/contracts";
import type { ActivityRecord, CardJudgement, JudgedRecord } from "./activity.ts";
import { type Card, migrateCard, rememberHit, resetCard } from "./card.ts";
import type { CardCache } from "./card-cache.ts";
import { noWatermark, watermarkAfter } from "./event-time.ts";
import { QualityChanges, ruleKey } from "./rule-quality.ts";
import type { CompileRuleset, Ruleset } from "./ruleset.ts";
import { alertOf, decisionOf, type InputTopic, type Raised, undecidable } from "./verdict.ts";

/** Why a record got no decision, or one that needs a mark. */
export type SetAsideReason =
  /** Older than the horizon of deduplication: no decision. */
  | "late"
  /** Older than the watermark: decided, and marked. */
  | "late_scored"
  | "duplicate"
  | "quarantined"
  | "unusable"
  | "invalid_ruleset";

/** What a record makes the scorer say. `cause` is the record at hand. */
export type Output =
  | { readonly kind: "decision"; readonly decision: FraudDecided; readonly cause: ActivityRecord }
  | {
      readonly kind: "alert";
      readonly alert: FraudAlertRaised;
      readonly cause: ActivityRecord | null;
    }
  | {
      readonly kind: "set_aside";
      readonly reason: SetAsideReason;
      readonly cause: ActivityRecord;
      readonly errorClass: string;
      readonly message: string;
    };

/** What a partition's machine starts from. */
export interface MachineStart {
  readonly input: InputTopic;
  readonly compile: CompileRuleset;
  readonly cards: CardCache;
  readonly watermark?: number;
  readonly ruleset?: Ruleset | undefined;
  /** Cards woken per record at most; the rest wait for the next record. */
  readonly maxFiringsPerRecord?: number;
}

/** Firings per record when nothing else is said. */
export const defaultMaxFiringsPerRecord = 10_000;

/**
 * One partition of card-activity as a deterministic state machine: (state, record) → (state,
 * outputs). It knows no clock, no chance and no I/O. The cards that a record needs must be in the
 * cache before: those of its key, and all that fall due by the watermark it brings; a card that is
 * in neither cache nor database was never seen.
 */
export class PartitionMachine {
  readonly #input: InputTopic;
  readonly #compile: CompileRuleset;
  readonly #cards: CardCache;
  readonly #maxFirings: number;
  readonly #quality = new QualityChanges();
  #watermark: number;
  #ruleset: Ruleset | undefined;
  #outputs: Output[] = [];

  constructor(start: MachineStart) {
    this.#input = start.input;
    this.#compile = start.compile;
    this.#cards = start.cards;
    this.#watermark = start.watermark ?? noWatermark;
    this.#ruleset = start.ruleset;
    this.#maxFirings = start.maxFiringsPerRecord ?? defaultMaxFiringsPerRecord;
  }

  get watermark(): number {
    return this.#watermark;
  }

  get ruleset(): Ruleset | undefined {
    return this.#ruleset;
  }

  /** Changes of rule quality since they were last taken. */
  takeQuality(): ReturnType<QualityChanges["take"]> {
    return this.#quality.take();
  }

  /** Applies records in the order of the log. The cards stay open: the batch's end is the caller's. */
  apply(judged: Iterable<JudgedRecord>): Output[] {
    this.#outputs = [];
    for (const one of judged) this.#applyOne(one);
    return this.#outputs;
  }

  #applyOne({ record, judgement }: JudgedRecord): void {
    switch (judgement.kind) {
      case "card":
        this.#onCard(record, judgement);
        break;
      case "time":
        this.#advanceTo(judgement.at);
        break;
      case "barrier":
        this.#onBarrier(record, judgement.event);
        break;
      case "set_aside":
        this.#setAside(record, judgement);
    }
  }

  #onCard(record: ActivityRecord, activity: CardJudgement): void {
    const ruleset = this.#ruleset;
    const payment = activity.type === "PaymentRequested" ? activity.event : undefined;
    if (ruleset === undefined) {
      if (payment !== undefined)
        this.#decide(record, undecidable({ ...this.#scored(record), payment }));
      this.#advanceTo(activity.at);
      return;
    }
    if (payment !== undefined && payment.baseCurrency !== ruleset.currency) {
      this.#setAside(record, { errorClass: "UnusableRecord", message: "not the base currency" });
      return;
    }
    const event = ruleset.toEvent(namedEvent(record, activity));
    if (event === undefined) return;
    const card = this.#touch(activity.card, ruleset);
    const step = ruleset.engine.process(card.state, event, this.#watermark);
    if (step.disposition !== "judged") {
      this.#onRefused(record, step.disposition);
      // It has made the card older all the same, which must not depend on where batches end.
      if (step.disposition === "duplicate") this.#onTime(card, ruleset, step);
      return;
    }
    if (activity.type === "FraudLabelled") this.#onLabel(card, activity.event);
    if (payment === undefined) {
      this.#raise(step.alerts, { card, ruleset, payment, decisionId: null }, record);
    } else this.#onScored({ record, payment, ruleset, card, step });
    this.#settle(card, step);
    this.#advanceTo(activity.at);
  }

  #onRefused(record: ActivityRecord, disposition: "duplicate" | "too_late"): void {
    if (disposition === "duplicate") {
      this.#setAside(record, { errorClass: "Duplicate", message: "", reason: "duplicate" });
    } else {
      const message = "older than the horizon of deduplication";
      this.#setAside(record, { errorClass: "LateEvent", message, reason: "late" });
    }
  }

  #onScored(scored: {
    record: ActivityRecord;
    payment: PaymentRequested;
    ruleset: Ruleset;
    card: Card;
    step: Step;
  }): void {
    const { record, payment, ruleset, card, step } = scored;
    card.customerId = payment.customerId;
    const decision = decisionOf({ ...this.#scored(record), payment, ruleset }, step);
    this.#decide(record, decision);
    this.#remember(card, decision);
    if (step.late) {
      const message = "older than the watermark; scored, and marked";
      this.#setAside(record, { errorClass: "LateEvent", message, reason: "late_scored" });
    }
    const { decisionId } = decision;
    this.#raise(step.alerts, { card, ruleset, payment, decisionId }, record);
  }

  #raise(alerts: readonly Alert[], of: Omit<Raised, "input">, cause: ActivityRecord | null): void {
    for (const alert of alerts) {
      const raised = alertOf(alert, { ...of, input: this.#input });
      this.#outputs.push({ kind: "alert", alert: raised, cause });
    }
  }

  #remember(card: Card, decision: FraudDecided): void {
    const rules = decision.rules
      .filter(({ result }) => result === "HIT")
      .map(({ ruleId, ruleVersion }) => ruleKey(ruleId, ruleVersion));
    if (rules.length === 0) return;
    for (const rule of rules) this.#quality.add(rule, { hits: 1 });
    const { eventId, paymentId, orderId } = decision;
    rememberHit(card, { eventId, paymentId, orderId, rules, label: 0 });
  }

  /** The last word on a payment counts: a chargeback after an analyst's release corrects it. */
  #onLabel(card: Card, event: { paymentId: string; label: string }): void {
    const hit = card.hits.findLast(({ paymentId }) => paymentId === event.paymentId);
    const label = event.label === "FRAUD" ? 1 : event.label === "LEGITIMATE" ? 2 : 0;
    if (hit === undefined || label === 0 || hit.label === label) return;
    for (const rule of hit.rules) {
      const confirmed = Number(label === 1) - Number(hit.label === 1);
      this.#quality.add(rule, {
        confirmed,
        refuted: Number(label === 2) - Number(hit.label === 2),
      });
    }
    hit.label = label;
  }

  /** The card as it is now: of this rule set, its due timers fired, forgotten if it has expired. */
  #touch(fingerprint: string, ruleset: Ruleset): Card {
    const card = this.#cards.open(fingerprint, ruleset.engine);
    if (card === undefined) return this.#cards.add(fingerprint, ruleset.engine);
    migrateCard(card, ruleset.engine);
    if (card.dueAt !== undefined && card.dueAt <= this.#watermark) this.#fire(card, ruleset);
    if (card.expiresAt < this.#watermark) resetCard(card, ruleset.engine);
    return card;
  }

  #advanceTo(at: number): void {
    this.#watermark = watermarkAfter(this.#watermark, at);
    const ruleset = this.#ruleset;
    if (ruleset === undefined) return;
    for (let fired = 0; fired < this.#maxFirings; fired += 1) {
      const card = this.#cards.takeDue(this.#watermark, ruleset.engine);
      if (card === undefined) return;
      migrateCard(card, ruleset.engine);
      this.#fire(card, ruleset);
    }
  }

  #fire(card: Card, ruleset: Ruleset): void {
    this.#onTime(card, ruleset, ruleset.engine.advance(card.state, this.#watermark));
  }

  /** What time made a card say. */
  #onTime(card: Card, ruleset: Ruleset, tail: StepTail): void {
    this.#raise(tail.alerts, { card, ruleset, payment: undefined, decisionId: null }, null);
    this.#settle(card, tail);
  }

  #settle(card: Card, tail: StepTail): void {
    card.dueAt = tail.dueAt;
    card.expiresAt = tail.expiresAt;
    this.#cards.change(card);
  }

  #onBarrier(record: ActivityRecord, event: RulesetActivated): void {
    // Activation may be repeated, and two may race: the highest generation holds, in every partition.
    if (event.generation <= (this.#ruleset?.generation ?? 0)) return;
    const compiled = this.#compile(event, { ruleset: this.#ruleset, since: this.#watermark });
    if (compiled.ok) {
      this.#ruleset = compiled.ruleset;
      return;
    }
    const { message } = compiled;
    this.#setAside(record, { errorClass: "InvalidRuleset", message, reason: "invalid_ruleset" });
  }

  #decide(cause: ActivityRecord, decision: FraudDecided): void {
    this.#outputs.push({ kind: "decision", decision, cause });
  }

  #setAside(
    cause: ActivityRecord,
    why: { errorClass: string; message: string; reason?: SetAsideReason },
  ): void {
    const reason = why.reason ?? (why.errorClass === "FutureEvent" ? "quarantined" : "unusable");
    this.#outputs.push({ kind: "set_aside", cause, ...why, reason });
  }

  #scored(record: ActivityRecord) {
    return { input: this.#input, record };
  }
}

const settlements = {
  CAPTURED: "captured",
  DECLINED: "declined",
  VOIDED: "voided",
  REFUNDED: "refund",
  UNKNOWN: "unknown",
} as const;

/** The event as rules see it: field names are those of the contracts, `amount` is the base amount. */
function namedEvent(record: ActivityRecord, activity: CardJudgement): NamedEvent {
  const { event } = activity;
  const base = { id: record.eventId, at: activity.at };
  const amount = "baseAmountMinor" in event ? { amount: event.baseAmountMinor } : {};
  const fields = { ...event, ...amount };
  switch (activity.type) {
    case "PaymentRequested":
      return { ...base, type: "payment", fields };
    case "PaymentSettled":
      return { ...base, type: settlements[activity.event.result], fields };
    case "FraudLabelled":
      return { ...base, type: "labelled", fields };
  }
}
