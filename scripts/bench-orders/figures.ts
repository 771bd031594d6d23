/** A distribution of milliseconds; NaN where there are no values. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** Exact percentiles by nearest rank. */
export function latencyOf(values: readonly number[]): Latency {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

/** The middle value; the lower of two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** Each percentile's median over several runs. */
export function medianLatency(runs: readonly Latency[]): Latency {
  const of = (name: keyof Latency) => median(runs.map((run) => run[name]));
  return { count: of("count"), p50: of("p50"), p99: of("p99"), p999: of("p999") };
}
