/** How far one input (a partition, a topic) has come. */
export type InputProgress = { maxAt: number; appendedAt: number };

/** Event time of a set of inputs: plain data, changed by {@link observe} alone. */
export type Watermarks = {
  readonly inputs: Record<string, InputProgress>;
  /** No event at or before this is expected any more; never goes back. */
  watermark: number;
};

export type WatermarkOptions = {
  /** How much an event may be older than one that came before it on its input. */
  readonly boundMs: number;
  /** An input that appended nothing for so long, by append time, does not hold the others. */
  readonly idleAfterMs: number;
};

/** One record's place in time; append times are the broker's, so that a replay judges alike. */
export type TimedRecord = {
  readonly input: string;
  readonly at: number;
  readonly appendedAt: number;
};

/**
 * Progress of inputs that are known from the start. One that stays silent holds the watermark until
 * it counts as idle, which is reckoned from the first record of any input.
 */
export function newWatermarks(inputs: readonly string[]): Watermarks {
  const fresh = (): InputProgress => ({
    maxAt: Number.NEGATIVE_INFINITY,
    appendedAt: Number.NEGATIVE_INFINITY,
  });
  return {
    inputs: Object.fromEntries(inputs.map((input) => [input, fresh()])),
    watermark: Number.NEGATIVE_INFINITY,
  };
}

/**
 * Places a record: `future` when its time lies beyond its own append time by more than the bound
 * (quarantine it: it must not age anybody), `late` when the watermark has passed it, else `on_time`.
 * Then moves the watermark: `max − bound − 1` of the slowest input that is not idle.
 */
export function observe(
  watermarks: Watermarks,
  record: TimedRecord,
  options: WatermarkOptions,
): "on_time" | "late" | "future" {
  const { input, at, appendedAt } = record;
  if (at > appendedAt + options.boundMs) return "future";
  const late = at <= watermarks.watermark;
  for (const silent of Object.values(watermarks.inputs)) {
    if (silent.appendedAt === Number.NEGATIVE_INFINITY) silent.appendedAt = appendedAt;
  }
  const progress = watermarks.inputs[input];
  watermarks.inputs[input] = {
    maxAt: Math.max(progress?.maxAt ?? Number.NEGATIVE_INFINITY, at),
    appendedAt: Math.max(progress?.appendedAt ?? Number.NEGATIVE_INFINITY, appendedAt),
  };
  watermarks.watermark = Math.max(watermarks.watermark, lowest(watermarks, options));
  return late ? "late" : "on_time";
}

function lowest(watermarks: Watermarks, options: WatermarkOptions): number {
  const inputs = Object.values(watermarks.inputs);
  const newest = Math.max(...inputs.map((input) => input.appendedAt));
  const awake = inputs.filter((input) => input.appendedAt >= newest - options.idleAfterMs);
  return Math.min(...awake.map((input) => input.maxAt)) - options.boundMs - 1;
}
