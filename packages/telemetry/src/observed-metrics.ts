import { type Attributes, type HrTime, ValueType } from "@opentelemetry/api";
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ScopeMetrics,
} from "@opentelemetry/sdk-metrics";
import { metrics } from "./generated/names.ts";
import type { CounterName, GaugeName, Labels } from "./metrics.ts";

/** One value of a metric that is read at scrape time. */
export interface Observation<Name extends CounterName | GaugeName> {
  readonly value: number;
  readonly labels: Labels<Name>;
}

type Read = () =>
  | readonly { value: number; labels: object }[]
  | Promise<readonly { value: number; labels: object }[]>;

const readers = new Map<CounterName | GaugeName, Set<Read>>();
const readLimitMs = 4_000;

/**
 * A counter or gauge whose values are read at each scrape; `read` may be asynchronous (a query,
 * at most four seconds). What `read` does not return is not exported; when it throws, the metric
 * is absent from that scrape and counted in metric_read_failures_total, so that an alert on
 * absence can see it. Returns a function that ends the observation.
 */
export function observe<Name extends CounterName | GaugeName>(
  name: Name,
  read: () => readonly Observation<Name>[] | Promise<readonly Observation<Name>[]>,
): () => void {
  const set = readers.get(name) ?? new Set<Read>();
  readers.set(name, set.add(read));
  return () => void set.delete(read);
}

/**
 * Reads all observed metrics at once. The SDK's observable instruments are not used for it: they
 * go on exporting the last value of labels that are no longer observed, and of failed reads.
 */
export async function readObserved(onFailure: (metric: string) => void): Promise<ScopeMetrics> {
  const found = await Promise.all(
    [...readers].map(async ([name, reads]): Promise<MetricData[]> => {
      const values = await Promise.allSettled([...reads].map(withinLimit));
      const failed = values.some(({ status }) => status === "rejected");
      if (failed) onFailure(name);
      const points = values.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
      return points.length === 0 ? [] : [toMetricData(name, points)];
    }),
  );
  return { scope: { name: "holdfast" }, metrics: found.flat() };
}

async function withinLimit(read: Read): Promise<Awaited<ReturnType<Read>>> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("Reading took too long")), readLimitMs);
  try {
    return await Promise.race([read(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

const noTime: HrTime = [0, 0];

function toMetricData(
  name: CounterName | GaugeName,
  points: readonly { value: number; labels: object }[],
): MetricData {
  const { kind, help } = metrics[name];
  const common = {
    descriptor: { name, description: help, unit: "", valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints: points.map(({ value, labels }) => ({
      value,
      attributes: labels as Attributes,
      startTime: noTime,
      endTime: noTime,
    })),
  };
  return kind === "counter"
    ? { ...common, dataPointType: DataPointType.SUM, isMonotonic: true }
    : { ...common, dataPointType: DataPointType.GAUGE };
}
