import { setTimeout as pause } from "node:timers/promises";
import { createTopicAdmin, type KafkaClient } from "@holdfast/messaging";
import type { ScorerProcess } from "../replay/scorer-process.ts";
import type { Workspace } from "../replay/workspace.ts";
import { type ProcessUsage, usageOf } from "./process-usage.ts";

/** How fast a preloaded topic is scored by one process. */
export interface Throughput {
  readonly records: number;
  /** From the start of the process to the last decision on its topic. */
  readonly secondsFromStart: number;
  /** From the start of the process to the first decision on its topic. */
  readonly secondsToFirst: number;
  /** Decisions a second between the first tenth and the last one. */
  readonly perSecond: number;
  /** Of the scorer's own processor time in that span: what one free core would take. */
  readonly perCpuSecond: number;
  /** Most memory that the process has had. */
  readonly rssMb: number;
}

interface Sample {
  readonly atMs: number;
  readonly decisions: number;
  readonly usage: ProcessUsage;
}

const sampleEveryMs = 50;

/** Watches the decisions' topic grow to `records` since `startedAt`; the scorer is started already. */
export async function measureThroughput(
  { kafka, scorer, workspace }: { kafka: KafkaClient; scorer: ScorerProcess; workspace: Workspace },
  { records, startedAt }: { records: number; startedAt: number },
): Promise<Throughput> {
  const admin = createTopicAdmin({ kafka });
  const samples: Sample[] = [];
  try {
    for (;;) {
      const sample = await take(admin, { scorer, topic: workspace.decisions });
      samples.push(sample);
      if (sample.decisions >= records) break;
      await Promise.race([pause(sampleEveryMs), scorer.failed]);
    }
  } finally {
    await admin.close();
  }
  return summary(samples, { records, startedAt });
}

async function take(
  admin: ReturnType<typeof createTopicAdmin>,
  { scorer, topic }: { scorer: ScorerProcess; topic: string },
): Promise<Sample> {
  const ends = await admin.offsets(topic);
  const decisions = [...ends.values()].reduce((sum, { end }) => sum + Number(end), 0);
  return { atMs: performance.now(), decisions, usage: usageOf(scorer.pid) };
}

function summary(
  samples: readonly Sample[],
  { records, startedAt }: { records: number; startedAt: number },
): Throughput {
  const reached = (share: number) =>
    samples.find(({ decisions }) => decisions >= share * records) as Sample;
  const from = reached(0.1);
  const to = reached(0.9);
  const end = reached(1);
  const first = samples.find(({ decisions }) => decisions > 0) as Sample;
  const made = to.decisions - from.decisions;
  return {
    records,
    secondsFromStart: round((end.atMs - startedAt) / 1000),
    secondsToFirst: round((first.atMs - startedAt) / 1000),
    perSecond: Math.round((1000 * made) / (to.atMs - from.atMs)),
    perCpuSecond: Math.round(made / (to.usage.cpuSeconds - from.usage.cpuSeconds)),
    rssMb: end.usage.maxRssMb,
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
