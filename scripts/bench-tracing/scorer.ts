import { createUuidV7, systemClock } from "@holdfast/service-kit";
import { preload } from "../bench/preload.ts";
import { measureThroughput } from "../bench/throughput.ts";
import type { Suite } from "../command/suite.ts";
import { activatePack } from "../replay/activate-pack.ts";
import { startScorer } from "../replay/scorer-process.ts";
import { createWorkspace } from "../replay/workspace.ts";

export interface ScorerLoad {
  readonly records: number;
  readonly cards: number;
  /** Where spans go; undefined turns tracing off, in the records too. */
  readonly endpoint: string | undefined;
}

/** What one scorer does with a preloaded topic. */
export interface ScorerRates {
  readonly perSecond: number;
  /** Of its own processor time: less noise where others share the machine. */
  readonly perCpuSecond: number;
}

/** Scores a topic of its own beside the suite's, which rests. */
export async function scorerRates(suite: Suite, load: ScorerLoad): Promise<ScorerRates> {
  const { kafka, producer, postgresAdminUrl } = suite;
  const { records, cards, endpoint } = load;
  const id = `tracing-${createUuidV7(systemClock).next().replaceAll("-", "").slice(0, 20)}`;
  const workspace = await createWorkspace(id, { kafka, postgresAdminUrl });
  const bench = { events: suite, producer, workspace };
  try {
    await activatePack(bench, "rules");
    const trace = endpoint === undefined ? "unsampled" : "sampled";
    await preload(bench, { records, cards, trace });
    const startedAt = performance.now();
    const environment = tracingVariables(endpoint);
    const scorer = startScorer(workspace, suite, {
      nodeFlags: ["--import", "@holdfast/telemetry/start"],
      environment,
    });
    try {
      return await measureThroughput({ kafka, scorer, workspace }, { records, startedAt });
    } finally {
      await scorer.stop();
    }
  } finally {
    await workspace.remove();
  }
}

/** The environment that turns tracing on, or off. */
export function tracingVariables(endpoint: string | undefined): Record<string, string> {
  return endpoint === undefined
    ? { OTEL_TRACES_EXPORTER: "none" }
    : { OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
}
