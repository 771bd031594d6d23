import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { StoredSpan } from "@holdfast/telemetry/trace-store";
import { parse } from "yaml";
import { z } from "zod";

const policySchema = z.discriminatedUnion("type", [
  z.strictObject({
    name: z.string(),
    type: z.literal("status_code"),
    status_code: z.strictObject({ status_codes: z.tuple([z.literal("ERROR")]) }),
  }),
  z.strictObject({
    name: z.string(),
    type: z.literal("string_attribute"),
    string_attribute: z.strictObject({ key: z.string(), values: z.array(z.string()).min(1) }),
  }),
  z.strictObject({
    name: z.string(),
    type: z.literal("latency"),
    latency: z.strictObject({ threshold_ms: z.number() }),
  }),
  z.strictObject({
    name: z.string(),
    type: z.literal("probabilistic"),
    probabilistic: z.strictObject({ sampling_percentage: z.string() }),
  }),
]);

/** A policy of the collector's tail_sampling processor, of the kinds that are used here. */
export type SamplingPolicy = z.output<typeof policySchema>;

const collectorSchema = z.object({
  processors: z.object({ tail_sampling: z.object({ policies: z.array(policySchema) }) }),
});

/** The policies of infra/otel/collector.yaml. Throws on a kind or an option that is not known here. */
export function readPolicies(root: string): SamplingPolicy[] {
  const text = readFileSync(join(root, "infra/otel/collector.yaml"), "utf8");
  return collectorSchema.parse(parse(text)).processors.tail_sampling.policies;
}

/**
 * Which policies keep a trace for what it is, chance left aside, as the processor's documentation has
 * it: any span with the status or the value, or a trace that is longer than the threshold.
 */
export function keptBy(
  policies: readonly SamplingPolicy[],
  spans: readonly StoredSpan[],
): string[] {
  return policies.filter((policy) => keeps(policy, spans)).map(({ name }) => name);
}

function keeps(policy: SamplingPolicy, spans: readonly StoredSpan[]): boolean {
  switch (policy.type) {
    case "status_code":
      return spans.some(({ failed }) => failed);
    case "string_attribute": {
      const { key, values } = policy.string_attribute;
      return spans.some(({ attributes }) => values.includes(attributes[key] ?? ""));
    }
    case "latency":
      return durationOf(spans) > policy.latency.threshold_ms;
    case "probabilistic":
      return false;
  }
}

function durationOf(spans: readonly StoredSpan[]): number {
  const end = Math.max(...spans.map(({ startMs, durationMs }) => startMs + durationMs));
  return end - Math.min(...spans.map(({ startMs }) => startMs));
}
