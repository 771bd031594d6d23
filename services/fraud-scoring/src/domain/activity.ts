import type {
  FraudLabelled,
  PaymentRequested,
  PaymentSettled,
  RulesetActivated,
  TimeAdvanced,
} from "@holdfast/contracts";
import { isFromTheFuture } from "./event-time.ts";

/** An event of card-activity. */
export type ActivityEvent =
  | { readonly type: "PaymentRequested"; readonly event: PaymentRequested }
  | { readonly type: "PaymentSettled"; readonly event: PaymentSettled }
  | { readonly type: "FraudLabelled"; readonly event: FraudLabelled }
  | { readonly type: "TimeAdvanced"; readonly event: TimeAdvanced }
  | { readonly type: "RulesetActivated"; readonly event: RulesetActivated };

/** One record of card-activity, as much of it as judging needs. */
export interface ActivityRecord {
  readonly partition: number;
  readonly offset: number;
  /** When the broker appended it, milliseconds. */
  readonly appendedAt: number;
  readonly key: string | null;
  /** The event id; empty when the record carries none. */
  readonly eventId: string;
  readonly content: ActivityEvent | Unusable;
}

/** A record that nothing can be made of. */
export interface Unusable {
  readonly type: "unusable";
  /** Few values, no data: a label and a header. */
  readonly errorClass: string;
  readonly message: string;
}

/** What is to be done with a record, before any state is looked at. */
export type Judgement =
  | CardJudgement
  | { readonly kind: "time"; readonly at: number }
  | { readonly kind: "barrier"; readonly event: RulesetActivated }
  | { readonly kind: "set_aside"; readonly errorClass: string; readonly message: string };

/** Something happened on a card. */
export type CardJudgement = {
  readonly kind: "card";
  readonly card: string;
  readonly at: number;
} & CardContent;

type CardContent = Extract<
  ActivityEvent,
  { type: "PaymentRequested" | "PaymentSettled" | "FraudLabelled" }
>;

const maxIdLength = 100;
const maxCardLength = 200;
const maxTextLength = 200;

/** A record and what is to be done with it. */
export interface JudgedRecord {
  readonly record: ActivityRecord;
  readonly judgement: Judgement;
}

/** The highest event time that judged records bring; -Infinity when they bring none. */
export function latestTimeOf(judged: Iterable<JudgedRecord>): number {
  let latest = Number.NEGATIVE_INFINITY;
  for (const { judgement } of judged) {
    if ("at" in judgement) latest = Math.max(latest, judgement.at);
  }
  return latest;
}

/** Depends on the record alone: two readers of the log judge alike. Total: every record has a place. */
export function judge(record: ActivityRecord): Judgement {
  const { content } = record;
  if (content.type === "unusable") return { kind: "set_aside", ...describe(content) };
  if (!isTime(content.event.occurredAt)) return unusable("the time stamp is out of range");
  if (content.type === "RulesetActivated") return { kind: "barrier", event: content.event };
  if (isFromTheFuture(content.event.occurredAt, record.appendedAt)) {
    return aside("FutureEvent", "occurredAt lies beyond the record's own append time");
  }
  if (content.type === "TimeAdvanced") {
    if (content.event.partition !== record.partition) {
      return unusable("TimeAdvanced of another partition");
    }
    return { kind: "time", at: content.event.occurredAt };
  }
  return judgeCard(record, content);
}

function judgeCard(record: ActivityRecord, content: CardContent): Judgement {
  const { cardFingerprint, occurredAt } = content.event;
  if (record.eventId === "" || record.eventId.length > maxIdLength) {
    return unusable("the record carries no usable event id");
  }
  if (cardFingerprint === "" || cardFingerprint.length > maxCardLength) {
    return unusable("the event names no card");
  }
  // Under another key the card's state would be split over two partitions.
  if (record.key !== cardFingerprint) return unusable("the key is not the card's fingerprint");
  const fault =
    textFault(content.event) ??
    (content.type === "FraudLabelled" ? undefined : amountFault(content.event));
  if (fault !== undefined) return unusable(fault);
  return { kind: "card", card: cardFingerprint, at: occurredAt, ...content };
}

/**
 * Outputs repeat what the input says: without a bound one could grow beyond what a topic takes, and
 * Postgres stores no NUL.
 */
function textFault(event: CardContent["event"]): string | undefined {
  for (const value of Object.values(event)) {
    if (typeof value !== "string") continue;
    if (value.length > maxTextLength) return "a field is longer than any id or code";
    if (value.includes("\0")) return "a field has a NUL, which Postgres does not store";
  }
  return undefined;
}

type Amounts = Pick<
  PaymentRequested,
  "amountMinor" | "currency" | "baseAmountMinor" | "baseCurrency"
>;

function amountFault(event: Amounts): string | undefined {
  if (!(Number.isSafeInteger(event.amountMinor) && event.amountMinor > 0)) {
    return "the amount is not above zero";
  }
  if (!(Number.isSafeInteger(event.baseAmountMinor) && event.baseAmountMinor >= 0)) {
    return "the amount in the base currency is below zero";
  }
  const isCurrency = (code: string) => /^[A-Z]{3}$/.test(code);
  if (isCurrency(event.currency) && isCurrency(event.baseCurrency)) return undefined;
  return "the currency is not an ISO 4217 code";
}

const latestTime = 8.64e15;

function isTime(at: number): boolean {
  return Number.isSafeInteger(at) && Math.abs(at) <= latestTime;
}

function describe({ errorClass, message }: Unusable) {
  return { errorClass, message };
}

function unusable(message: string): Judgement {
  return aside("UnusableRecord", message);
}

function aside(errorClass: string, message: string): Judgement {
  return { kind: "set_aside", errorClass, message };
}
