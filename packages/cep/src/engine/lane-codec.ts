import type { Stream, Value } from "../stream.ts";
import type { Accumulator } from "../window/accumulator.ts";
import type { Bucket } from "../window/buckets.ts";
import { type HistoryState, sumPanes } from "../window/history.ts";
import type { JoinEvent, JoinState } from "../window/join.ts";
import { type Entry, type EventLog, holds, wordBits } from "../window/log.ts";
import type { Pane } from "../window/sliding.ts";
import { readAccumulator, writeAccumulator } from "./accumulator-codec.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { Layout } from "./codec.ts";
import { hash32 } from "./fingerprint.ts";
import type { CompiledLane } from "./lane-plan.ts";
import { readRuns, writeRuns } from "./runs-codec.ts";
import { emptyLaneState, type LaneState, type Mark, newLaneState, type TableRow } from "./state.ts";

/** A rule's marks outlive its window: they are named by the rule and its version. */
function markName(rule: { readonly id: string; readonly version: number }): number {
  return hash32(`${rule.id}@${rule.version}`);
}

/** Writes and reads the state of one lane; without a lane it reads only to skip. */
export class LaneCodec {
  readonly #lane: CompiledLane | undefined;
  readonly #layout: Layout;
  readonly #bits: readonly number[];
  readonly #fields: readonly number[];

  constructor(lane: CompiledLane | undefined, layout: Layout) {
    this.#lane = lane;
    this.#layout = layout;
    this.#bits = lane?.bits.map((c) => hash32(lane.conditions[c]?.fingerprint ?? "")) ?? [];
    this.#fields = lane?.projection.map((field) => fieldName(layout.stream, field)) ?? [];
  }

  write(writer: ByteWriter, state: LaneState): void {
    const lane = this.#lane;
    if (lane === undefined) return;
    this.#writeLog(writer, state.log);
    const named = <T>(
      prints: readonly string[],
      states: readonly T[],
      write: (state: NonNullable<T>) => void,
    ): void => {
      const present = states.flatMap((piece, i) =>
        isEmpty(piece) ? [] : [{ piece, print: prints[i] ?? "" }],
      );
      writer.list(present, ({ piece, print }) => {
        writer.u32(hash32(print));
        if (piece !== undefined && piece !== null) write(piece);
      });
    };
    const prints = printsOf(lane);
    named(prints.slidings, state.panes, (panes) => writePanes(writer, panes));
    named(prints.buckets, state.buckets, (buckets) => writeBuckets(writer, buckets));
    named(prints.histories, state.histories, (history) => {
      writer.time(history.lastAt);
      writePanes(writer, history.panes);
    });
    named(prints.tables, state.tables, (rows) => writer.list(rows, (row) => writeRow(writer, row)));
    named(prints.patterns, state.runs, (runs) => writeRuns(writer, runs));
    named(prints.joins, state.joins, (join) => writeJoin(writer, join));
    const marks = state.marks.flatMap((mark, i) => {
      const rule = lane.rules[i]?.definition;
      return mark === undefined || rule === undefined ? [] : [{ mark, name: markName(rule) }];
    });
    writer.list(marks, ({ mark, name }) => {
      writer.u32(name);
      writer.byte(mark.held ? 1 : 0);
      writer.time(mark.heldAt);
      writer.time(mark.alertedAt);
    });
  }

  /** Reads the state, keeping the pieces that this lane has collected since `generation`. */
  read(reader: ByteReader, generation: number): LaneState {
    const lane = this.#lane;
    const state = lane === undefined ? emptyLaneState() : newLaneState(lane);
    state.log = this.#readLog(reader);
    const prints = lane === undefined ? undefined : printsOf(lane);
    const named = <T>(
      names: readonly string[] | undefined,
      read: () => T,
      keep: (i: number, piece: T) => void,
    ): void => {
      reader.list(() => {
        const index = this.#find(names, reader.u32(), generation);
        const piece = read();
        if (index >= 0) keep(index, piece);
      });
    };
    named(
      prints?.slidings,
      () => readPanes(reader),
      (i, panes) => {
        state.panes[i] = panes;
      },
    );
    named(
      prints?.buckets,
      () => readBuckets(reader),
      (i, buckets) => {
        state.buckets[i] = buckets;
      },
    );
    named(
      prints?.histories,
      () => readHistory(reader),
      (i, history) => {
        const spec = lane?.histories[i]?.spec;
        if (spec !== undefined)
          state.histories[i] = { ...history, totals: sumPanes(spec, history.panes) };
      },
    );
    named(
      prints?.tables,
      () => reader.list(() => readRow(reader)),
      (i, rows) => {
        state.tables[i] = rows;
      },
    );
    named(
      prints?.patterns,
      () => readRuns(reader),
      (i, runs) => {
        state.runs[i] = runs;
      },
    );
    named(
      prints?.joins,
      () => readJoin(reader),
      (i, join) => {
        state.joins[i] = join;
      },
    );
    reader.list(() => {
      const name = reader.u32();
      const mark: Mark = {
        held: reader.byte() === 1,
        heldAt: reader.time(),
        alertedAt: reader.time(),
      };
      const index = lane?.rules.findIndex((rule) => markName(rule.definition) === name) ?? -1;
      if (index >= 0) state.marks[index] = mark;
    });
    return state;
  }

  /** Index of the piece with this hash, or -1 where it is unknown or was collected with a gap. */
  #find(prints: readonly string[] | undefined, hash: number, generation: number): number {
    const index = prints?.findIndex((print) => hash32(print) === hash) ?? -1;
    const since = this.#layout.lineage[prints?.[index] ?? ""]?.generation ?? 0;
    return index >= 0 && since <= generation ? index : -1;
  }

  #writeLog(writer: ByteWriter, log: EventLog): void {
    writer.list(this.#bits, (hash) => writer.u32(hash));
    writer.list(this.#fields, (hash) => writer.u32(hash));
    let previous = 0;
    writer.list(log.items.slice(log.head), (entry) => {
      writer.signed(entry.at - previous);
      previous = entry.at;
      writer.text(entry.id);
      writer.text(entry.type);
      if (this.#bits.length > 0) writer.count(entry.mask);
      for (let w = 1; w * wordBits < this.#bits.length; w++) writer.count(entry.more?.[w - 1] ?? 0);
      for (const value of entry.values) writer.value(value);
    });
  }

  #readLog(reader: ByteReader): EventLog {
    const bits = reader.list(() => reader.u32());
    const fields = reader.list(() => reader.u32());
    let previous = 0;
    const items = reader.list((): Entry => {
      previous += reader.signed();
      const id = reader.text();
      const type = reader.text();
      const words: number[] = [];
      for (let w = 0; w * wordBits < bits.length; w++) words.push(reader.count());
      const values = fields.map(() => reader.value());
      const [mask = 0, ...more] = words;
      const entry = {
        id,
        type,
        at: previous,
        mask,
        more: more.length > 0 ? more : undefined,
        values,
      };
      return this.#translate(entry, bits, fields);
    });
    return { items, head: 0, first: 0 };
  }

  /** An entry of another rule set in terms of this one. */
  #translate(entry: Entry, bits: readonly number[], fields: readonly number[]): Entry {
    if (same(bits, this.#bits) && same(fields, this.#fields)) return entry;
    const words = new Array<number>(Math.max(1, Math.ceil(this.#bits.length / wordBits))).fill(0);
    this.#bits.forEach((hash, bit) => {
      const old = bits.indexOf(hash);
      if (old < 0 || !holds(entry, old)) return;
      const word = Math.floor(bit / wordBits);
      words[word] = (words[word] ?? 0) | (1 << (bit % wordBits));
    });
    const [mask = 0, ...more] = words;
    const values = this.#fields.map((hash) => entry.values[fields.indexOf(hash)]);
    return { ...entry, mask, more: more.length > 0 ? more : undefined, values };
  }
}

function fieldName(stream: Stream, index: number): number {
  const field = stream.fields[index];
  return hash32(`${field?.name}:${field?.type}`);
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function isEmpty(piece: unknown): boolean {
  return piece === undefined || (Array.isArray(piece) && piece.length === 0);
}

function printsOf(
  lane: CompiledLane,
): Readonly<
  Record<"slidings" | "buckets" | "histories" | "tables" | "patterns" | "joins", readonly string[]>
> {
  return {
    slidings: lane.slidings.map(({ spec }) => spec.fingerprint),
    buckets: lane.buckets.map(({ spec }) => spec.fingerprint),
    histories: lane.histories.map(({ spec }) => spec.fingerprint),
    tables: lane.tables.map((table) => table.fingerprint),
    patterns: lane.patterns.map((pattern) => pattern.fingerprint),
    joins: lane.joins.map((join) => join.fingerprint),
  };
}

type TimedTotals = { readonly start: number; readonly totals: Accumulator };

function writePanes(writer: ByteWriter, panes: readonly TimedTotals[]): void {
  writer.list(panes, (pane) => {
    writer.time(pane.start);
    writeAccumulator(writer, pane.totals);
  });
}

function readPanes(reader: ByteReader): Pane[] {
  return reader.list(() => ({ start: reader.time(), totals: readAccumulator(reader) }));
}

function readHistory(reader: ByteReader): Omit<HistoryState, "totals"> {
  return { lastAt: reader.time(), panes: readPanes(reader) };
}

function writeBuckets(writer: ByteWriter, buckets: readonly Bucket[]): void {
  writer.list(buckets, (bucket) => {
    writer.time(bucket.start);
    writer.time(bucket.end);
    writer.count(bucket.fired);
    writer.byte(bucket.dirty ? 1 : 0);
    writeAccumulator(writer, bucket.totals);
  });
}

function readBuckets(reader: ByteReader): Bucket[] {
  return reader.list(() => ({
    start: reader.time(),
    end: reader.time(),
    fired: reader.count(),
    dirty: reader.byte() === 1,
    totals: readAccumulator(reader),
  }));
}

function writeRow(writer: ByteWriter, row: TableRow): void {
  writer.time(row.at);
  writer.text(row.type);
  writer.list(row.values, (value: Value) => writer.value(value));
}

function readRow(reader: ByteReader): TableRow {
  return { at: reader.time(), type: reader.text(), values: reader.list(() => reader.value()) };
}

function writeJoin(writer: ByteWriter, join: JoinState): void {
  writer.list(join.left, ({ event, matched }) => {
    writeJoinEvent(writer, event);
    writer.byte(matched ? 1 : 0);
  });
  writer.list(join.right, (event) => writeJoinEvent(writer, event));
}

function readJoin(reader: ByteReader): JoinState {
  const left = reader.list(() => ({ event: readJoinEvent(reader), matched: reader.byte() === 1 }));
  return { left, right: reader.list(() => readJoinEvent(reader)) };
}

function writeJoinEvent(writer: ByteWriter, event: JoinEvent): void {
  writer.text(event.id);
  writeRow(writer, event);
}

function readJoinEvent(reader: ByteReader): JoinEvent {
  return { id: reader.text(), ...readRow(reader) };
}
