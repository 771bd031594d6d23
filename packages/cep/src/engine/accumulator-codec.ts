import type { Value } from "../stream.ts";
import type { Accumulator, ColumnTotals } from "../window/accumulator.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

/** What a column has beside count and sum. */
const flags = { extremes: 1, squares: 2, values: 4 } as const;

/** Writes totals so that they can be read without knowing what they are totals of. */
export function writeAccumulator(writer: ByteWriter, totals: Accumulator): void {
  writer.count(totals.count);
  writer.list(totals.columns, (column) => {
    const extremes = Number.isFinite(column.min) || Number.isFinite(column.max);
    writer.byte(
      (extremes ? flags.extremes : 0) |
        (column.squares === 0n ? 0 : flags.squares) |
        (column.values === undefined ? 0 : flags.values),
    );
    writer.count(column.n);
    writer.value(column.sum);
    if (extremes) {
      writer.value(column.min);
      writer.value(column.max);
    }
    if (column.squares !== 0n) writer.text(String(column.squares));
    if (column.values === undefined) return;
    writer.list([...column.values], ([value, n]) => {
      writer.value(value);
      writer.count(n);
    });
  });
}

export function readAccumulator(reader: ByteReader): Accumulator {
  return { count: reader.count(), columns: reader.list(() => readColumn(reader)) };
}

function readColumn(reader: ByteReader): ColumnTotals {
  const has = reader.byte();
  const n = reader.count();
  const sum = Number(reader.value());
  const extremes = (has & flags.extremes) !== 0;
  return {
    n,
    sum,
    min: extremes ? Number(reader.value()) : Number.POSITIVE_INFINITY,
    max: extremes ? Number(reader.value()) : Number.NEGATIVE_INFINITY,
    squares: (has & flags.squares) === 0 ? 0n : BigInt(reader.text()),
    values: (has & flags.values) === 0 ? undefined : readValues(reader),
  };
}

function readValues(reader: ByteReader): Map<NonNullable<Value>, number> {
  const values = new Map<NonNullable<Value>, number>();
  reader.list(() => {
    const value = reader.value();
    const n = reader.count();
    if (value !== undefined) values.set(value, n);
  });
  return values;
}
