import type { Alert, FinalResult, RulePack, RuleResult } from "@holdfast/cep";
import type { HistoricRecord } from "./records.ts";

/** What one rule did over the whole input. */
export interface RuleTally {
  readonly ruleId: string;
  hits: number;
  readonly cards: Set<string>;
  first: number | undefined;
  last: number | undefined;
  alerts: number;
  /** Hits shared with other rules, by their ids. */
  readonly overlap: Map<string, number>;
  /** Payments flagged that were fraud, and their sum. */
  fraudCaught: number;
  moneyCaughtMinor: number;
  /** Payments flagged that were good, and the cards they belong to. */
  goodFlagged: number;
  readonly goodCards: Set<string>;
}

export interface InputTally {
  records: number;
  firstAt: number;
  lastAt: number;
  labelled: boolean;
  fraud: number;
}

type Labelled = Pick<HistoricRecord, "key" | "amountMinor" | "fraud">;

/** Labels kept at least for windows that speak after their payments; twice as many at most. */
const labelsKept = 100_000;

/** Adds up verdicts. Memory grows with the cards, not with the input. */
export class Tally {
  readonly rules: ReadonlyMap<string, RuleTally>;
  readonly input: InputTally = {
    records: 0,
    firstAt: Number.POSITIVE_INFINITY,
    lastAt: Number.NEGATIVE_INFINITY,
    labelled: false,
    fraud: 0,
  };
  /** Forgotten by the half: a map of which the oldest entry goes each time gets slow. */
  #labels = new Map<string, Labelled>();
  #olderLabels = new Map<string, Labelled>();

  constructor(pack: RulePack) {
    const running = pack.rules.filter((rule) => rule.mode !== "off");
    this.rules = new Map(running.map((rule) => [rule.id, emptyTally(rule.id)]));
  }

  addRecord(record: HistoricRecord): void {
    const { input } = this;
    input.records++;
    input.firstAt = Math.min(input.firstAt, record.event.at);
    input.lastAt = Math.max(input.lastAt, record.event.at);
    if (record.fraud === undefined) return;
    input.labelled = true;
    if (record.fraud) input.fraud++;
    const { key, amountMinor, fraud } = record;
    this.#labels.set(record.event.id, { key, amountMinor, fraud });
    if (this.#labels.size < labelsKept) return;
    this.#olderLabels = this.#labels;
    this.#labels = new Map();
  }

  /** Adds a verdict that has hits; `results` are its hits alone. */
  addHits(key: string, final: FinalResult, results: readonly RuleResult[]): void {
    for (const result of results) {
      const tally = this.rules.get(result.ruleId);
      if (tally === undefined) continue;
      tally.hits++;
      tally.cards.add(key);
      tally.first = Math.min(tally.first ?? final.at, final.at);
      tally.last = Math.max(tally.last ?? final.at, final.at);
      for (const other of results) {
        if (other === result) continue;
        tally.overlap.set(other.ruleId, (tally.overlap.get(other.ruleId) ?? 0) + 1);
      }
      const flagged = final.eventId === undefined ? result.eventIds : [final.eventId];
      for (const id of flagged) {
        this.#judge(tally, this.#labels.get(id) ?? this.#olderLabels.get(id));
      }
    }
  }

  addAlert(alert: Alert): void {
    const tally = this.rules.get(alert.ruleId);
    if (tally !== undefined) tally.alerts++;
  }

  #judge(tally: RuleTally, label: Labelled | undefined): void {
    if (label?.fraud === undefined) return;
    if (label.fraud) {
      tally.fraudCaught++;
      tally.moneyCaughtMinor += label.amountMinor;
    } else {
      tally.goodFlagged++;
      tally.goodCards.add(label.key);
    }
  }
}

function emptyTally(ruleId: string): RuleTally {
  return {
    ruleId,
    hits: 0,
    cards: new Set(),
    first: undefined,
    last: undefined,
    alerts: 0,
    overlap: new Map(),
    fraudCaught: 0,
    moneyCaughtMinor: 0,
    goodFlagged: 0,
    goodCards: new Set(),
  };
}
