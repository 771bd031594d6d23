import type { FraudDecided } from "@holdfast/contracts";
import type { JudgedRecord } from "../domain/activity.ts";
import { latestTimeAt } from "../domain/event-time.ts";
import type { Output, SetAsideReason } from "../domain/partition-machine.ts";

/** How often each of a few words came. */
export class Sums {
  readonly #sums = new Map<string, number>();

  count(word: string): void {
    this.#sums.set(word, (this.#sums.get(word) ?? 0) + 1);
  }

  [Symbol.iterator](): IterableIterator<[string, number]> {
    return this.#sums.entries();
  }
}

/** What a batch's outputs say to the metrics, summed up: the outputs themselves need not be kept. */
export class BatchTally {
  records = 0;
  readonly outcomes = new Sums();
  /** Results of each rule, by its id. */
  readonly rules = new Map<string, Sums>();
  readonly alerts: { readonly ruleId: string; readonly phase: string }[] = [];
  readonly setAside: { readonly reason: SetAsideReason; readonly errorClass: string }[] = [];
  /** When the input of each decision was appended, milliseconds. */
  readonly appendedAt: number[] = [];
  /** How far behind the largest time before it each event of a card is, milliseconds; 0 when ahead. */
  readonly behindMs: number[] = [];
  #latestAt: number;

  /** `watermark` is the partition's before the batch. */
  constructor(watermark: number) {
    this.#latestAt = latestTimeAt(watermark);
  }

  /** What became of some records, in order. */
  add(judged: readonly JudgedRecord[], outputs: readonly Output[]): void {
    this.records += judged.length;
    for (const { judgement } of judged) {
      if (judgement.kind !== "card") continue;
      this.behindMs.push(Math.max(this.#latestAt - judgement.at, 0));
      this.#latestAt = Math.max(this.#latestAt, judgement.at);
    }
    for (const output of outputs) {
      if (output.kind === "decision") {
        this.outcomes.count(output.decision.outcome);
        this.appendedAt.push(output.cause.appendedAt);
        this.#countResults(output.decision);
      } else if (output.kind === "alert") {
        this.alerts.push({ ruleId: output.alert.ruleId, phase: output.alert.phase });
      } else {
        this.setAside.push({ reason: output.reason, errorClass: output.errorClass });
      }
    }
  }

  #countResults(decision: FraudDecided): void {
    for (const { ruleId, result } of decision.rules) {
      let sums = this.rules.get(ruleId);
      if (sums === undefined) {
        sums = new Sums();
        this.rules.set(ruleId, sums);
      }
      sums.count(result);
    }
  }
}
