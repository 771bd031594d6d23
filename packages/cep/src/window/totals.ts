import { type AggregateFunction, TIME_FIELD, TYPE_FIELD } from "../language/expression.ts";
import type { StreamEvent, Value } from "../stream.ts";
import type { LogColumn } from "./log.ts";

/** What is asked of one aggregated field. */
export type ColumnNeeds = {
  readonly field: number;
  readonly numeric: boolean;
  /** Sums of doubles are recomputed, not subtracted: subtraction drifts. */
  readonly float: boolean;
  readonly squares: boolean;
  readonly extremes: boolean;
  readonly distinct: boolean;
  /** Where a log has the field, if one has it. */
  readonly kept: LogColumn | undefined;
};

/** Totals within an array of cells, from `base` on. */
export type Place = { readonly cells: number[]; readonly base: number };

/** Squares are kept in two cells, of which the lower one counts to this. */
const squareBase = 2 ** 48;
/** The largest number whose square is an exact double. */
const largestPlainSquare = 94_906_265;

/**
 * Totals of one field: n, then for numbers sum, then where asked the sum of squares (two cells) and
 * minimum and maximum. Integers are exact to 2^53, squares to 2^101.
 */
export class TotalsColumn {
  readonly needs: ColumnNeeds;
  readonly field: number;
  /** Offset of n from the base of the totals. */
  readonly offset: number;
  readonly squaresOffset: number;
  readonly extremesOffset: number;
  readonly size: number;

  constructor(needs: ColumnNeeds, offset: number) {
    this.needs = needs;
    this.field = needs.field;
    this.offset = offset;
    let size = needs.numeric ? 2 : 1;
    this.squaresOffset = needs.squares ? offset + size : -1;
    if (needs.squares) size += 2;
    this.extremesOffset = needs.extremes ? offset + size : -1;
    if (needs.extremes) size += 2;
    this.size = size;
  }

  valueOf(event: StreamEvent): Value {
    if (this.field >= 0) return event.values[this.field];
    return this.field === TIME_FIELD
      ? event.at
      : this.field === TYPE_FIELD
        ? event.type
        : undefined;
  }

  /** Adds a value; one that is missing counts for nothing, one that is no number is only counted. */
  put(cells: number[], base: number, value: Value): void {
    if (typeof value === "number") this.#add(cells, base, value);
    else if (value !== undefined) this.#count(cells, base, 1);
  }

  /** Takes a value out again; minimum and maximum are the caller's business. */
  drop(cells: number[], base: number, value: Value): void {
    if (typeof value === "number") this.#remove(cells, base, value);
    else if (value !== undefined) this.#count(cells, base, -1);
  }

  #add(cells: number[], base: number, value: number): void {
    const at = base + this.offset;
    cells[at] = (cells[at] as number) + 1;
    cells[at + 1] = (cells[at + 1] as number) + value;
    if (this.squaresOffset >= 0) shiftSquares(cells, base + this.squaresOffset, squareOf(value, 1));
    if (this.extremesOffset < 0) return;
    const minimum = base + this.extremesOffset;
    if (value < (cells[minimum] as number)) cells[minimum] = value;
    if (value > (cells[minimum + 1] as number)) cells[minimum + 1] = value;
  }

  #remove(cells: number[], base: number, value: number): void {
    const at = base + this.offset;
    cells[at] = (cells[at] as number) - 1;
    cells[at + 1] = (cells[at + 1] as number) - value;
    if (this.squaresOffset >= 0) {
      shiftSquares(cells, base + this.squaresOffset, squareOf(value, -1));
    }
  }

  #count(cells: number[], base: number, by: 1 | -1): void {
    cells[base + this.offset] = (cells[base + this.offset] as number) + by;
  }

  read(cells: readonly number[], base: number, fn: AggregateFunction): number {
    const at = base + this.offset;
    const n = cells[at] as number;
    switch (fn) {
      case "count":
        return n;
      case "sum":
        return cells[at + 1] as number;
      case "avg":
        return n === 0 ? Number.NaN : (cells[at + 1] as number) / n;
      case "min":
        return n === 0 ? Number.NaN : (cells[base + this.extremesOffset] as number);
      case "max":
        return n === 0 ? Number.NaN : (cells[base + this.extremesOffset + 1] as number);
      case "stddev":
        return this.#deviation(cells, base);
      default:
        return Number.NaN;
    }
  }

  /** Population standard deviation, sqrt(nΣx² − (Σx)²) / n, the difference taken in integers. */
  #deviation(cells: readonly number[], base: number): number {
    const n = cells[base + this.offset] as number;
    if (n === 0) return Number.NaN;
    const total = BigInt(Math.round(cells[base + this.offset + 1] as number));
    const high = BigInt(cells[base + this.squaresOffset] as number);
    const squares =
      high * BigInt(squareBase) + BigInt(cells[base + this.squaresOffset + 1] as number);
    return Math.sqrt(Number(BigInt(n) * squares - total * total)) / n;
  }
}

/** A sum of squares in two parts, high × 2^48 + low. */
type Squares = { readonly high: number; readonly low: number };

/** The square of a value, to be added or taken out. */
function squareOf(value: number, sign: 1 | -1): Squares {
  const whole = Math.abs(Math.round(value));
  if (whole <= largestPlainSquare) {
    const square = whole * whole;
    return { high: sign * Math.floor(square / squareBase), low: sign * (square % squareBase) };
  }
  const square = BigInt(whole) * BigInt(whole);
  const base = BigInt(squareBase);
  return { high: sign * Number(square / base), low: sign * Number(square % base) };
}

/** Changes a sum of squares and brings its lower cell back into [0, 2^48). */
function shiftSquares(cells: number[], at: number, by: Squares): void {
  const low = (cells[at + 1] as number) + by.low;
  const carry = Math.floor(low / squareBase);
  cells[at] = (cells[at] as number) + by.high + carry;
  cells[at + 1] = low - carry * squareBase;
}

/**
 * The plan of the totals of a set of events, laid out in consecutive cells: how many there are,
 * then the totals of each asked field.
 */
export class Totals {
  readonly columns: readonly TotalsColumn[];
  /** Cells that one set of totals takes. */
  readonly size: number;
  readonly hasExtremes: boolean;
  /** Columns of which distinct values are asked. */
  readonly distinct: readonly TotalsColumn[];
  /** Totals of nothing. */
  readonly empty: readonly number[];

  constructor(needs: readonly ColumnNeeds[]) {
    let size = 1;
    this.columns = needs.map((need) => {
      const column = new TotalsColumn(need, size);
      size += column.size;
      return column;
    });
    this.size = size;
    this.hasExtremes = this.columns.some((column) => column.extremesOffset >= 0);
    this.distinct = this.columns.filter((column) => column.needs.distinct);
    const blank = new Array<number>(size).fill(0);
    for (const { extremesOffset } of this.columns) {
      if (extremesOffset < 0) continue;
      blank[extremesOffset] = Number.POSITIVE_INFINITY;
      blank[extremesOffset + 1] = Number.NEGATIVE_INFINITY;
    }
    this.empty = blank;
  }

  /** Totals of nothing, to be added to. */
  blank(): number[] {
    return this.empty.slice();
  }

  clear(cells: number[], base: number): void {
    for (let i = 0; i < this.size; i++) cells[base + i] = this.empty[i] as number;
  }

  /** Adds an event; values that are missing are counted by count() alone. */
  addEvent(cells: number[], base: number, event: StreamEvent): void {
    cells[base] = (cells[base] as number) + 1;
    for (const column of this.columns) column.put(cells, base, column.valueOf(event));
  }

  /** Adds the totals of another, disjoint set of events. */
  merge(into: Place, from: Place): void {
    this.#combine(into, from, 1);
    for (const { extremesOffset } of this.columns) {
      if (extremesOffset < 0) continue;
      const at = into.base + extremesOffset;
      const other = from.base + extremesOffset;
      into.cells[at] = Math.min(into.cells[at] as number, from.cells[other] as number);
      into.cells[at + 1] = Math.max(into.cells[at + 1] as number, from.cells[other + 1] as number);
    }
  }

  /** Takes the totals of a subset out again; minima and maxima are the caller's business. */
  subtract(from: Place, part: Place): void {
    this.#combine(from, part, -1);
  }

  #combine(into: Place, other: Place, sign: 1 | -1): void {
    const { cells, base } = into;
    const add = (offset: number): void => {
      const more = sign * (other.cells[other.base + offset] as number);
      cells[base + offset] = (cells[base + offset] as number) + more;
    };
    add(0);
    for (const { offset, squaresOffset, needs } of this.columns) {
      add(offset);
      if (needs.numeric) add(offset + 1);
      if (squaresOffset < 0) continue;
      const squares = other.base + squaresOffset;
      shiftSquares(cells, base + squaresOffset, {
        high: sign * (other.cells[squares] as number),
        low: sign * (other.cells[squares + 1] as number),
      });
    }
  }
}

/** One aggregate that is asked of a set of totals; without a column it is count(). */
export type AggregateSource = {
  readonly fn: AggregateFunction;
  readonly column: TotalsColumn | undefined;
  /** Place among the values of a step. */
  readonly slot: number;
};

/** The value of an aggregate other than distinct(); NaN where there is none. */
export function readTotal(source: AggregateSource, cells: readonly number[], base: number): number {
  if (source.column === undefined) return cells[base] as number;
  return source.column.read(cells, base, source.fn);
}

/** Occurrences by value. */
export type ValueCounts = Map<NonNullable<Value>, number>;

export function countValue(counts: ValueCounts, value: Value, by: number): void {
  if (value === undefined) return;
  const n = (counts.get(value) ?? 0) + by;
  if (n > 0) counts.set(value, n);
  else counts.delete(value);
}
