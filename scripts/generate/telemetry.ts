import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type GeneratedFile, generatedHeader } from "./generated-file.ts";

const metricsFile = z.strictObject({
  buckets: z.record(z.string(), z.array(z.number())),
  metrics: z.record(
    z.string().regex(/^[a-z][a-z0-9_]*$/),
    z.strictObject({
      kind: z.enum(["counter", "histogram", "gauge"]),
      buckets: z.string().optional(),
      labels: z.array(z.string()),
      help: z.string(),
    }),
  ),
});

const spansFile = z.strictObject({
  spans: z.record(z.string(), z.string()),
  attributes: z.record(z.string(), z.array(z.string())),
});

const logsFile = z.strictObject({ fields: z.record(z.string(), z.array(z.string())) });

type MetricsFile = z.infer<typeof metricsFile>;
type SpansFile = z.infer<typeof spansFile>;

/** The typed names of metrics, spans, span attributes and log fields, from schemas/telemetry. */
export function generateTelemetry(root: string): GeneratedFile[] {
  const read = (name: string): unknown =>
    parse(readFileSync(join(root, "schemas/telemetry", name), "utf8"));
  const fields = Object.values(logsFile.parse(read("logs.yaml")).fields).flat();
  const content = [
    generatedHeader("schemas/telemetry"),
    metricsSource(metricsFile.parse(read("metrics.yaml"))),
    spansSource(spansFile.parse(read("spans.yaml"))),
    constantSource("logFields", "The log fields whose values are written.", fields),
  ].join("\n");
  return [{ path: "packages/telemetry/src/generated/names.ts", content }];
}

function metricsSource({ buckets, metrics }: MetricsFile): string {
  const entries = Object.entries(metrics).map(([name, metric]) => {
    checkMetric(name, metric.kind, metric.buckets);
    const boundaries = metric.buckets === undefined ? undefined : buckets[metric.buckets];
    if (metric.kind === "histogram" && boundaries === undefined) {
      throw new Error(`${name}: buckets names no entry of metrics.yaml's buckets`);
    }
    const { kind, labels, help } = metric;
    return `  ${name}: ${JSON.stringify({ kind, labels, help, ...(boundaries && { boundaries }) })},`;
  });
  return `/** The metrics, by name. */\nexport const metrics = {\n${entries.join("\n")}\n} as const;\n`;
}

function checkMetric(name: string, kind: string, buckets: string | undefined): void {
  const isCounter = kind === "counter";
  if (isCounter !== name.endsWith("_total")) {
    throw new Error(`${name}: counters, and they alone, end in _total`);
  }
  if ((kind === "histogram") !== (buckets !== undefined)) {
    throw new Error(`${name}: histograms, and they alone, have buckets`);
  }
}

/** `send {topic}` becomes the type `send ${string}`: a template that only its own values fit. */
function spansSource({ spans, attributes }: SpansFile): string {
  const names = Object.entries(spans).map(([name, help]) => {
    const type = name.replace(/\{[a-z]+\}/g, () => "$".concat("{string}"));
    return `  /** ${help} */\n  | \`${type}\``;
  });
  return [
    `/** The names of our own spans. */\nexport type SpanName =\n${names.join("\n")};\n`,
    constantSource(
      "spanAttributes",
      "The span attributes that may leave the process.",
      Object.values(attributes).flat(),
    ),
  ].join("\n");
}

function constantSource(name: string, doc: string, values: string[]): string {
  const repeated = values.find((value, index) => values.indexOf(value) !== index);
  if (repeated !== undefined) throw new Error(`${name}: ${repeated} is listed twice`);
  const lines = values.map((value) => `  ${JSON.stringify(value)},`).join("\n");
  return `/** ${doc} */\nexport const ${name} = [\n${lines}\n] as const;\n`;
}
