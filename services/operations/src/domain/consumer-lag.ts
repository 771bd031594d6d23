/** One look at a partition as a consumer group reads it. */
export interface LagSample {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** The next offset that the group will read. */
  readonly committedOffset: number;
  /** The next offset that will be written. */
  readonly endOffset: number;
  /** Members of the group at that time. */
  readonly members: number;
}

/**
 * How a group does on a partition, judged like Burrow (github.com/linkedin/Burrow, "Consumer Lag
 * Evaluation Rules") by how offsets moved over a window, not by a threshold of records:
 * `ok` it keeps up; `lagging` it moves, but falls behind all the time; `stalled` it has members and
 * does not move, so it hangs; `stopped` nobody reads.
 */
export const lagStatuses = ["ok", "lagging", "stalled", "stopped"] as const;
export type LagStatus = (typeof lagStatuses)[number];

/** What is remembered of a partition between looks. */
export interface LagHistory {
  /** Oldest first, no longer than the window and one more. */
  readonly samples: readonly LagSample[];
  /** When the end of the log stood where; ascending in both. The first is at or below the group. */
  readonly ends: readonly { readonly atMs: number; readonly endOffset: number }[];
}

/** What is known of a partition now. */
export interface Lag {
  readonly records: number;
  /** Age of the oldest record that is not committed; 0 without one. Never more than since the first look. */
  readonly seconds: number;
  readonly status: LagStatus;
}

export const noLagHistory: LagHistory = { samples: [], ends: [] };

const MAX_ENDS = 500;

/** Adds a look to what is remembered; what is older than `windowMs` no longer counts. */
export function remember(history: LagHistory, sample: LagSample, windowMs: number): LagHistory {
  const { atMs, committedOffset, endOffset } = sample;
  const samples = [...history.samples, sample];
  const firstInside = samples.findIndex((one) => atMs - one.atMs < windowMs);
  const last = history.ends.at(-1);
  const grown =
    last === undefined || endOffset > last.endOffset
      ? [...history.ends, { atMs, endOffset }]
      : replaceLast(history.ends, { atMs, endOffset });
  return {
    samples: samples.slice(Math.max(firstInside - 1, 0)),
    ends: thinned(withoutCommitted(grown, committedOffset)),
  };
}

type Ends = LagHistory["ends"];

/** A log that stands still is remembered by its first and its latest look. */
function replaceLast(ends: Ends, end: Ends[number]): Ends {
  const before = ends.at(-2);
  const stood = before !== undefined && before.endOffset === ends.at(-1)?.endOffset;
  return stood ? [...ends.slice(0, -1), end] : [...ends, end];
}

function withoutCommitted(ends: Ends, committedOffset: number): Ends {
  const firstAhead = ends.findIndex(({ endOffset }) => endOffset > committedOffset);
  if (firstAhead === -1) return ends.slice(-1);
  return ends.slice(Math.max(firstAhead - 1, 0));
}

/** Bounded: a group that stays behind for days is remembered more coarsely, from the same start. */
function thinned(ends: Ends): Ends {
  if (ends.length <= MAX_ENDS) return ends;
  return ends.filter((_, index) => index % 2 === 0 || index === ends.length - 1);
}

/** Judges what is remembered; `windowMs` is how long a group must behave ill to be called so. */
export function judge({ samples, ends }: LagHistory, windowMs: number): Lag {
  const newest = samples.at(-1);
  if (newest === undefined) return { records: 0, seconds: 0, status: "ok" };
  const records = lagOf(newest);
  if (records === 0) return { records, seconds: 0, status: "ok" };
  const seconds = Math.max(newest.atMs - appendedAtMs(ends, newest.committedOffset), 0) / 1000;
  return { records, seconds, status: statusOf(samples, windowMs) };
}

const lagOf = ({ endOffset, committedOffset }: LagSample): number =>
  Math.max(endOffset - committedOffset, 0);

/** When the record at `offset` was appended, between the two looks that it came between. */
function appendedAtMs(ends: Ends, offset: number): number {
  const [below, above] = ends;
  if (below === undefined) return 0;
  if (above === undefined || below.endOffset > offset) return below.atMs;
  if (above.endOffset === below.endOffset) return above.atMs;
  const share = (offset - below.endOffset) / (above.endOffset - below.endOffset);
  return below.atMs + share * (above.atMs - below.atMs);
}

function statusOf(samples: readonly LagSample[], windowMs: number): LagStatus {
  const [oldest] = samples;
  const newest = samples.at(-1);
  if (oldest === undefined || newest === undefined) return "ok";
  const tooShort = newest.atMs - oldest.atMs < windowMs;
  if (tooShort || samples.some((sample) => lagOf(sample) === 0)) return "ok";
  // Two looks: between a member that leaves and one that comes a group is empty for a moment.
  if (samples.slice(-2).every(({ members }) => members === 0)) return "stopped";
  if (newest.committedOffset <= oldest.committedOffset) return "stalled";
  return fallsBehind(samples) ? "lagging" : "ok";
}

/** Behind the whole time, never catching up from one look to the next, and further than at first. */
function fallsBehind(samples: readonly LagSample[]): boolean {
  const lags = samples.map(lagOf);
  const never = lags.every((lag, index) => index === 0 || lag >= (lags[index - 1] ?? 0));
  return never && (lags.at(-1) ?? 0) > (lags[0] ?? 0);
}
