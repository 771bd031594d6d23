// These two numbers are part of the format of state and outputs: a replay under other numbers would
// judge differently. They are therefore constants, not settings.

/** How far records of one partition may be out of order, and clocks ahead of the log. */
export const outOfOrdernessBoundMs = 5_000;

/** How long event ids are remembered; an older record goes to the late output alone. */
export const dedupeHorizonMs = 3_600_000;

/** The watermark before the first event. */
export const noWatermark: number = Number.NEGATIVE_INFINITY;

/** The watermark after an event at `at`: it never goes back. */
export function watermarkAfter(watermark: number, at: number): number {
  return Math.max(watermark, at - outOfOrdernessBoundMs - 1);
}

/** The largest event time that a watermark has seen. */
export function latestTimeAt(watermark: number): number {
  return watermark + outOfOrdernessBoundMs + 1;
}

/**
 * Whether an event claims a time that had not come when its record was appended. Judged against the
 * log's time, never this process's, so that a replay judges the same.
 */
export function isFromTheFuture(at: number, appendedAt: number): boolean {
  return at > appendedAt + outOfOrdernessBoundMs;
}
