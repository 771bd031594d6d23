import { createHash } from "node:crypto";
import type { IncomingRecord } from "@holdfast/messaging";
import { CardCache } from "../domain/card-cache.ts";
import { noWatermark } from "../domain/event-time.ts";
import { PartitionMachine } from "../domain/partition-machine.ts";
import { engineVersion } from "../engine-version.ts";
import { encodeOutputs, noOutputs } from "../loop/encode-outputs.ts";
import type { Encoding } from "../loop/outgoing.ts";
import type { ScorerContext } from "../loop/partition-scorer.ts";
import { readRecords } from "../loop/read-records.ts";
import { storedRuleset } from "../loop/state-change.ts";
import { BatchTrace, RecentTraces, SpanBudget } from "../loop/trace-batch.ts";
import type { PartitionState } from "./snapshots.ts";

/** The bytes that an output must have, and which record makes it. */
export interface Expected {
  readonly digest: string;
  readonly partition: number;
  readonly offset: number;
}

/** A digest of an output's value. */
export function digestOf(value: Buffer): string {
  return createHash("sha1").update(value).digest("base64");
}

/** Traces belong to one run, and are no part of what the log says. */
function noSpans(): BatchTrace {
  return new BatchTrace(
    { startedAtMs: 0, clock: { now: () => 0 }, group: "" },
    { recent: new RecentTraces(0), budget: new SpanBudget(0) },
  );
}

type ReferenceContext = Pick<ScorerContext, "codec" | "compile" | "restore"> & {
  readonly encoding: Encoding;
};

interface Running {
  readonly machine: PartitionMachine;
  readonly cards: CardCache;
}

/**
 * Runs partitions from their first record, or from a snapshot on, with machines of its own and
 * everything in memory: what the log alone says about decisions and alerts. Feed each partition's
 * records in order, in any portions.
 */
export class ReferenceRun {
  readonly decisions = new Map<string, Expected>();
  readonly alerts = new Map<string, Expected>();
  readonly #context: ReferenceContext;
  readonly #running = new Map<number, Running>();
  #batch = 0;

  constructor(context: ReferenceContext, from: readonly PartitionState[] = []) {
    this.#context = context;
    for (const state of from) this.#running.set(state.partition, this.#restored(state));
  }

  /** What a partition's machine knows now; `nextOffset` is where the caller stopped feeding it. */
  stateOf(partition: number, nextOffset: number): PartitionState {
    const { machine, cards } = this.#runningOf(partition);
    const { watermark, ruleset } = machine;
    return {
      partition,
      nextOffset,
      watermark: Number.isFinite(watermark) ? watermark : null,
      ruleset: ruleset === undefined ? null : storedRuleset(ruleset),
      cards: Array.from(cards.all(), ({ fingerprint, state: bytes }) => ({
        card: fingerprint,
        state: Buffer.from(bytes, "latin1"),
      })),
    };
  }

  async feed(records: readonly IncomingRecord[]): Promise<void> {
    for (const [partition, some] of Map.groupBy(records, (record) => record.partition)) {
      await this.#apply(partition, some);
    }
  }

  async #apply(partition: number, records: readonly IncomingRecord[]): Promise<void> {
    const { codec, encoding } = this.#context;
    const read = await readRecords(codec, records);
    const { machine, cards } = this.#runningOf(partition);
    this.#batch += 1;
    // One record at a time: an alert then knows the record that raised it.
    for (const one of read) {
      const outputs = machine.apply([one]);
      const made = { outputs, read: [one], trace: noSpans() };
      const encoded = noOutputs();
      encodeOutputs(encoding, made, encoded);
      for (const { topic, value, headers } of encoded.records) {
        const outputs = this.#outputsOf(topic);
        if (outputs === undefined || value === null) continue;
        const { offset } = one.record;
        outputs.set(String(headers?.["id"]), { digest: digestOf(value), partition, offset });
      }
    }
    cards.rest(this.#batch);
    machine.takeQuality();
  }

  #outputsOf(topic: string): Map<string, Expected> | undefined {
    const { topics } = this.#context.encoding;
    if (topic === topics.decisions) return this.decisions;
    return topic === topics.alerts ? this.alerts : undefined;
  }

  #runningOf(partition: number): Running {
    const known = this.#running.get(partition);
    if (known !== undefined) return known;
    const fresh = this.#restored({
      partition,
      nextOffset: 0,
      watermark: null,
      ruleset: null,
      cards: [],
    });
    this.#running.set(partition, fresh);
    return fresh;
  }

  #restored(state: PartitionState): Running {
    const { compile, restore, encoding } = this.#context;
    const ruleset = state.ruleset === null ? undefined : restore(state.ruleset);
    const cards = new CardCache();
    for (const { card, state: bytes } of state.cards) cards.addStored(card, bytes);
    const input = { topic: encoding.topics.activity, engineVersion };
    const watermark = state.watermark ?? noWatermark;
    return { cards, machine: new PartitionMachine({ input, compile, cards, watermark, ruleset }) };
  }
}
