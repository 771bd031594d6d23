import type { Attributes, Histogram as OtelHistogram } from "@opentelemetry/api";
import { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { metrics } from "./generated/names.ts";
import { readObserved } from "./observed-metrics.ts";

type Metrics = typeof metrics;
type NameOf<Kind> = {
  [Name in keyof Metrics]: Metrics[Name]["kind"] extends Kind ? Name : never;
}[keyof Metrics];

/** A metric that only grows; its name ends in `_total`. */
export type CounterName = NameOf<"counter">;
/** A metric that counts values into buckets. */
export type HistogramName = NameOf<"histogram">;
/** A metric that goes up and down. */
export type GaugeName = NameOf<"gauge">;

/** The labels of a metric; all of them must be given, and no other. */
export type Labels<Name extends keyof Metrics> = {
  readonly [Label in Metrics[Name]["labels"][number]]: string;
};

type LabelArguments<Name extends keyof Metrics> = Metrics[Name]["labels"] extends readonly []
  ? []
  : [labels: Labels<Name>];

export interface Counter<Name extends CounterName> {
  /** Adds `value`, which must not be negative. */
  add(value: number, ...labels: LabelArguments<Name>): void;
}

export interface Histogram<Name extends HistogramName> {
  /** Counts one value, in the unit that the name ends with. */
  record(value: number, ...labels: LabelArguments<Name>): void;
}

export interface Gauge<Name extends GaugeName> {
  /** Replaces the value of this set of labels. */
  set(value: number, ...labels: LabelArguments<Name>): void;
}

/** Nothing is pushed: the values are collected when somebody asks for /metrics. */
class ScrapeReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

const reader = new ScrapeReader();
const meter = new MeterProvider({ readers: [reader] }).getMeter("holdfast");
const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
const instruments = new Map<string, unknown>();

function once<Instrument>(name: string, create: () => Instrument): Instrument {
  const known = instruments.get(name) as Instrument | undefined;
  if (known !== undefined) return known;
  const created = create();
  instruments.set(name, created);
  return created;
}

/** The counter of that name; every call with one name returns the same counter. */
export function counter<Name extends CounterName>(name: Name): Counter<Name> {
  return once(name, () => {
    const instrument = meter.createCounter(name, { description: metrics[name].help });
    return { add: (value, ...[labels]) => instrument.add(value, labels as Attributes) };
  });
}

/** The histogram of that name, with the bucket boundaries of schemas/telemetry. */
export function histogram<Name extends HistogramName>(name: Name): Histogram<Name> {
  return once(name, () => {
    const { help, boundaries } = metrics[name];
    const instrument: OtelHistogram = meter.createHistogram(name, {
      description: help,
      advice: { explicitBucketBoundaries: [...boundaries] },
    });
    return { record: (value, ...[labels]) => instrument.record(value, labels as Attributes) };
  });
}

/** The gauge of that name, for values that are known when they change. */
export function gauge<Name extends GaugeName>(name: Name): Gauge<Name> {
  return once(name, () => {
    const instrument = meter.createGauge(name, { description: metrics[name].help });
    return { set: (value, ...[labels]) => instrument.record(value, labels as Attributes) };
  });
}

const readFailures = counter("metric_read_failures_total");

/** Every metric of the process as Prometheus text (version 0.0.4); the body of GET /metrics. */
export async function renderMetrics(): Promise<string> {
  const observed = await readObserved((metric) => readFailures.add(1, { metric }));
  const { resourceMetrics } = await reader.collect();
  const scopeMetrics = [...resourceMetrics.scopeMetrics, observed];
  return serializer.serialize({ ...resourceMetrics, scopeMetrics });
}

/** The content type that belongs to {@link renderMetrics}. */
export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";
