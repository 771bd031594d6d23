import { createHash } from "node:crypto";
import type { IncomingRecord } from "@holdfast/messaging";
import { CardCache } from "../domain/card-cache.ts";
import { PartitionMachine } from "../domain/partition-machine.ts";
import { engineVersion } from "../engine-version.ts";
import { encodeOutputs, noOutputs } from "../loop/encode-outputs.ts";
import type { Encoding } from "../loop/outgoing.ts";
import type { ScorerContext } from "../loop/partition-scorer.ts";
import { readRecords } from "../loop/read-records.ts";
import { BatchTrace, RecentTraces, SpanBudget } from "../loop/trace-batch.ts";

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

/**
 * Runs partitions from their first record with fresh machines, everything in memory: what the log
 * alone says about decisions and alerts. Feed each partition's records in order, in any portions.
 */
export class ReferenceRun {
  readonly decisions = new Map<string, Expected>();
  readonly alerts = new Map<string, Expected>();
  readonly #context: Pick<ScorerContext, "codec" | "compile"> & { readonly encoding: Encoding };
  readonly #machines = new Map<number, PartitionMachine>();
  #batch = 0;

  constructor(context: Pick<ScorerContext, "codec" | "compile"> & { readonly encoding: Encoding }) {
    this.#context = context;
  }

  async feed(records: readonly IncomingRecord[]): Promise<void> {
    for (const [partition, some] of Map.groupBy(records, (record) => record.partition)) {
      await this.#apply(partition, some);
    }
  }

  async #apply(partition: number, records: readonly IncomingRecord[]): Promise<void> {
    const { codec, encoding } = this.#context;
    const read = await readRecords(codec, records);
    const machine = this.#machineOf(partition);
    this.#batch += 1;
    // One record at a time: an alert then knows the record that raised it.
    for (const one of read) {
      const outputs = machine.apply([one], this.#batch);
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
    machine.takeQuality();
  }

  #outputsOf(topic: string): Map<string, Expected> | undefined {
    const { topics } = this.#context.encoding;
    if (topic === topics.decisions) return this.decisions;
    return topic === topics.alerts ? this.alerts : undefined;
  }

  #machineOf(partition: number): PartitionMachine {
    const known = this.#machines.get(partition);
    if (known !== undefined) return known;
    const { compile, encoding } = this.#context;
    const machine = new PartitionMachine({
      input: { topic: encoding.topics.activity, engineVersion },
      compile,
      cards: new CardCache(),
    });
    this.#machines.set(partition, machine);
    return machine;
  }
}
