import type { AggregateFunction } from "../language/expression.ts";
import type { Value } from "../stream.ts";

/** What one aggregated field needs to have kept. */
export type ColumnSpec = {
  /** Position among an entry's projected values. */
  readonly position: number;
  readonly squares: boolean;
  readonly extremes: boolean;
  readonly distinct: boolean;
  /** Sums of doubles are recomputed, not subtracted: subtraction drifts. */
  readonly float: boolean;
};

/** Totals of one field. Integers are exact to 2^53, squares without limit. */
export type ColumnTotals = {
  n: number;
  sum: number;
  squares: bigint;
  min: number;
  max: number;
  /** Occurrences by value, for distinct(). */
  values: Map<NonNullable<Value>, number> | undefined;
};

/** Totals of a set of events. */
export type Accumulator = { count: number; readonly columns: ColumnTotals[] };

function emptyColumn(spec: ColumnSpec): ColumnTotals {
  return {
    n: 0,
    sum: 0,
    squares: 0n,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    values: spec.distinct ? new Map() : undefined,
  };
}

const noColumns: ColumnTotals[] = [];

export function emptyAccumulator(specs: readonly ColumnSpec[]): Accumulator {
  if (specs.length === 0) return { count: 0, columns: noColumns };
  return { count: 0, columns: specs.map(emptyColumn) };
}

/** Empties totals in place. */
export function resetAccumulator(totals: Accumulator): void {
  totals.count = 0;
  for (const column of totals.columns) {
    column.n = 0;
    column.sum = 0;
    column.squares = 0n;
    column.min = Number.POSITIVE_INFINITY;
    column.max = Number.NEGATIVE_INFINITY;
    column.values?.clear();
  }
}

/** Takes the totals of a subset of events out again; minima and maxima are the caller's business. */
export function subtractFrom(totals: Accumulator, part: Accumulator): void {
  totals.count -= part.count;
  for (let i = 0; i < totals.columns.length; i++) {
    const column = totals.columns[i];
    const less = part.columns[i];
    if (column === undefined || less === undefined) continue;
    column.n -= less.n;
    column.sum -= less.sum;
    column.squares -= less.squares;
  }
}

/** Adds an event; values that are missing are counted by count() alone. */
export function addValues(
  totals: Accumulator,
  specs: readonly ColumnSpec[],
  values: readonly Value[],
): void {
  totals.count++;
  for (let i = 0; i < specs.length; i++) {
    const spec = specs[i];
    const column = totals.columns[i];
    if (spec !== undefined && column !== undefined) addValue(column, spec, values[spec.position]);
  }
}

function addValue(column: ColumnTotals, spec: ColumnSpec, value: Value): void {
  if (value === undefined) return;
  column.n++;
  column.values?.set(value, (column.values.get(value) ?? 0) + 1);
  if (typeof value !== "number") return;
  column.sum += value;
  if (spec.squares) column.squares += square(value);
  if (!spec.extremes) return;
  if (value < column.min) column.min = value;
  if (value > column.max) column.max = value;
}

/** Takes an event out again; minima and maxima are the caller's business. */
export function removeValues(
  totals: Accumulator,
  specs: readonly ColumnSpec[],
  values: readonly Value[],
): void {
  totals.count--;
  for (let i = 0; i < specs.length; i++) {
    const spec = specs[i];
    const column = totals.columns[i];
    if (spec !== undefined && column !== undefined)
      removeValue(column, spec, values[spec.position]);
  }
}

function removeValue(column: ColumnTotals, spec: ColumnSpec, value: Value): void {
  if (value === undefined) return;
  column.n--;
  const left = (column.values?.get(value) ?? 0) - 1;
  if (left > 0) column.values?.set(value, left);
  else column.values?.delete(value);
  if (typeof value !== "number") return;
  column.sum -= value;
  if (spec.squares) column.squares -= square(value);
}

function square(value: number): bigint {
  const exact = BigInt(Math.round(value));
  return exact * exact;
}

/** Adds the totals of another, disjoint set of events. */
export function mergeInto(totals: Accumulator, other: Accumulator): void {
  totals.count += other.count;
  totals.columns.forEach((column, i) => {
    const more = other.columns[i];
    if (more === undefined) return;
    column.n += more.n;
    column.sum += more.sum;
    column.squares += more.squares;
    column.min = Math.min(column.min, more.min);
    column.max = Math.max(column.max, more.max);
    for (const [value, n] of more.values ?? []) {
      column.values?.set(value, (column.values.get(value) ?? 0) + n);
    }
  });
}

/** The value of an aggregate; NaN where there is none (the average of nothing). */
export function readAggregate(
  totals: Accumulator,
  fn: AggregateFunction,
  column: number | undefined,
): number {
  if (column === undefined) return totals.count;
  const over = totals.columns[column];
  if (over === undefined) return Number.NaN;
  switch (fn) {
    case "count":
      return over.n;
    case "sum":
      return over.sum;
    case "avg":
      return over.n === 0 ? Number.NaN : over.sum / over.n;
    case "min":
      return over.n === 0 ? Number.NaN : over.min;
    case "max":
      return over.n === 0 ? Number.NaN : over.max;
    case "stddev":
      return deviation(over);
    case "distinct":
      return over.values?.size ?? Number.NaN;
    default:
      return Number.NaN;
  }
}

/** Population standard deviation, sqrt(nΣx² − (Σx)²) / n, the difference taken in integers. */
function deviation({ n, sum, squares }: ColumnTotals): number {
  if (n === 0) return Number.NaN;
  const total = BigInt(Math.round(sum));
  return Math.sqrt(Number(BigInt(n) * squares - total * total)) / n;
}
