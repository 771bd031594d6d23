import type { Value } from "../stream.ts";
import type { StoredBucket } from "../window/buckets.ts";
import type { JoinEvent, JoinState } from "../window/join.ts";
import type { Pane } from "../window/sliding.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { Layout } from "./codec.ts";
import { hash32 } from "./fingerprint.ts";
import type { CompiledLane } from "./lane-plan.ts";
import { LogCodec } from "./log-codec.ts";
import { isMarked, type Mark, markOf, putMark } from "./marks.ts";
import { readRuns, writeRuns } from "./runs-codec.ts";
import type { LaneState, TableRow } from "./state.ts";

/** A kind of state with the names of its pieces, by the lane's order. */
type Names = Readonly<
  Record<"slidings" | "buckets" | "histories" | "tables" | "patterns" | "joins", readonly number[]>
>;

/** Writes and reads the state of one lane; without a lane it reads only to skip. */
export class LaneCodec {
  readonly #lane: CompiledLane | undefined;
  readonly #layout: Layout;
  readonly #logs: LogCodec;
  readonly #prints: ReadonlyMap<number, string>;
  readonly #names: Names;
  /** A rule's marks outlive its window: they are named by the rule and its version. */
  readonly #rules: readonly number[];

  constructor(lane: CompiledLane | undefined, layout: Layout) {
    this.#lane = lane;
    this.#layout = layout;
    this.#logs = new LogCodec(lane, layout.stream);
    this.#prints = new Map(lane?.fingerprints.map((print) => [hash32(print), print]) ?? []);
    this.#names = namesOf(lane);
    this.#rules =
      lane?.rules.map(({ definition }) => hash32(`${definition.id}@${definition.version}`)) ?? [];
  }

  write(writer: ByteWriter, state: LaneState): void {
    const lane = this.#lane;
    if (lane === undefined) return;
    writer.byte(state.incomplete && !lane.isOrderFree ? 1 : 0);
    this.#logs.write(writer, state);
    const names = this.#names;
    pieces(writer, { names: names.slidings, list: state.panes }, (panes) =>
      writer.list(panes, (pane) => writePane(writer, pane)),
    );
    const buckets = lane.buckets.map(({ window }) => window.stored(state));
    pieces(writer, { names: names.buckets, list: buckets }, (stored) =>
      writer.list(stored, (bucket) => writeBucket(writer, bucket)),
    );
    this.#writeHistories(writer, lane, state);
    pieces(writer, { names: names.tables, list: state.tables }, (rows) =>
      writer.list(rows, (row) => writeRow(writer, row)),
    );
    pieces(writer, { names: names.patterns, list: state.runs }, (runs) => writeRuns(writer, runs));
    pieces(writer, { names: names.joins, list: state.joins }, (join) => writeJoin(writer, join));
    const marks = lane.rules.map((rule) =>
      isMarked(rule, state) ? markOf(rule, state) : undefined,
    );
    pieces(writer, { names: this.#rules, list: marks }, (mark) => {
      writer.byte(mark.held ? 1 : 0);
      writer.time(mark.heldAt);
      writer.time(mark.alertedAt);
    });
  }

  #writeHistories(writer: ByteWriter, lane: CompiledLane, state: LaneState): void {
    let known = 0;
    for (const { window } of lane.histories) {
      if (!Number.isNaN(window.lastAt(state))) known++;
    }
    writer.count(known);
    lane.histories.forEach(({ window }, h) => {
      const { lastAt, panes } = window.stored(state);
      if (Number.isNaN(lastAt)) return;
      writer.u32(this.#names.histories[h] as number);
      writer.time(lastAt);
      writer.numbers(panes);
    });
  }

  /**
   * Reads into a state that has nothing yet, keeping the pieces that this lane has collected since
   * `generation`.
   */
  read(reader: ByteReader, generation: number, into: LaneState): void {
    const lane = this.#lane;
    const state = lane && into;
    const incomplete = reader.byte() === 1;
    if (incomplete && state !== undefined && lane?.isOrderFree === false) state.incomplete = true;
    this.#logs.read(reader, state);
    const named = <T>(
      names: readonly number[],
      read: () => T,
      keep: (state: LaneState, index: number, piece: T) => void,
    ): void => {
      reader.list(() => {
        const index = this.#find(names, reader.u32(), generation);
        const piece = read();
        if (state !== undefined && index >= 0) keep(state, index, piece);
      });
    };
    const names = this.#names;
    named(names.slidings, () => reader.list(() => readPane(reader)), putPanes);
    named(
      names.buckets,
      () => reader.list(() => readBucket(reader)),
      (into, b, stored) => lane?.buckets[b]?.window.restore(into, stored),
    );
    named(
      names.histories,
      () => ({ lastAt: reader.time(), panes: reader.numbers() }),
      (into, h, stored) => lane?.histories[h]?.window.restore(into, stored),
    );
    named(names.tables, () => reader.list(() => readRow(reader)), putTables);
    named(
      names.patterns,
      () => readRuns(reader),
      (into, i, runs) => {
        into.runs = into.runs.with(i, runs);
      },
    );
    named(
      names.joins,
      () => readJoin(reader),
      (into, i, join) => {
        into.joins = into.joins.with(i, join);
      },
    );
    reader.list(() => {
      const rule = lane?.rules[this.#rules.indexOf(reader.u32())];
      const mark = readMark(reader);
      if (state !== undefined && rule !== undefined) putMark(rule, state, mark);
    });
  }

  /** Index of the piece with this hash, or -1 where it is unknown or was collected with a gap. */
  #find(names: readonly number[], hash: number, generation: number): number {
    const index = names.indexOf(hash);
    const since = this.#layout.lineage[this.#prints.get(hash) ?? ""]?.generation ?? 0;
    return index >= 0 && since <= generation ? index : -1;
  }
}

function putPanes(into: LaneState, index: number, panes: Pane[]): void {
  into.panes = into.panes.with(index, panes);
}

function putTables(into: LaneState, index: number, rows: TableRow[]): void {
  into.tables = into.tables.with(index, rows);
}

function namesOf(lane: CompiledLane | undefined): Names {
  const hashes = (prints: readonly string[] | undefined) => prints?.map(hash32) ?? [];
  return {
    slidings: hashes(lane?.slidings.map(({ window }) => window.options.fingerprint)),
    buckets: hashes(lane?.buckets.map(({ window }) => window.options.fingerprint)),
    histories: hashes(lane?.histories.map(({ window }) => window.options.fingerprint)),
    tables: hashes(lane?.tables.map((table) => table.fingerprint)),
    patterns: hashes(lane?.patterns.map((pattern) => pattern.fingerprint)),
    joins: hashes(lane?.joins.map((join) => join.fingerprint)),
  };
}

/**
 * Writes the pieces that are not empty, each after its name. A list without names is that of another
 * lane, which shares the state.
 */
function pieces<T extends object>(
  writer: ByteWriter,
  of: { readonly names: readonly number[]; readonly list: readonly (T | undefined)[] },
  write: (piece: T) => void,
): void {
  const { list, names } = of;
  let present = 0;
  for (let i = 0; i < names.length; i++) if (!isEmpty(list[i])) present++;
  writer.count(present);
  if (present === 0) return;
  for (let i = 0; i < names.length; i++) {
    const piece = list[i];
    if (piece === undefined || isEmpty(piece)) continue;
    writer.u32(names[i] as number);
    write(piece);
  }
}

function isEmpty(piece: unknown): boolean {
  return piece === undefined || (Array.isArray(piece) && piece.length === 0);
}

function writePane(writer: ByteWriter, pane: Pane): void {
  writer.time(pane.start);
  writer.numbers(pane.cells);
}

function readPane(reader: ByteReader): Pane {
  return { start: reader.time(), cells: reader.numbers() };
}

function writeBucket(writer: ByteWriter, bucket: StoredBucket): void {
  writer.time(bucket.start);
  writer.time(bucket.end);
  writer.count(bucket.fired);
  writer.byte(bucket.dirty ? 1 : 0);
  writer.numbers(bucket.totals);
  writer.list(bucket.counts, (counts) => {
    const sorted = [...counts].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    writer.list(sorted, ([value, n]) => {
      writer.value(value);
      writer.count(n);
    });
  });
  writer.list(bucket.ids, (id) => writer.text(id));
  let previous = bucket.start;
  for (const at of bucket.ats) {
    writer.signed(at - previous);
    previous = at;
  }
}

function readBucket(reader: ByteReader): StoredBucket {
  const start = reader.time();
  const end = reader.time();
  const fired = reader.count();
  const dirty = reader.byte() === 1;
  const totals = reader.numbers();
  const counts = reader.list(
    () =>
      new Map(reader.list(() => [reader.value() as NonNullable<Value>, reader.count()] as const)),
  );
  const ids = reader.list(() => reader.text());
  let previous = start;
  const ats = ids.map(() => {
    previous += reader.signed();
    return previous;
  });
  return { start, end, totals, counts, ats, ids, fired, dirty };
}

function readMark(reader: ByteReader): Mark {
  return { held: reader.byte() === 1, heldAt: reader.time(), alertedAt: reader.time() };
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
