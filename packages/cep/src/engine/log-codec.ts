import type { Stream, StreamEvent, Value } from "../stream.ts";
import {
  cellsAt,
  type EventLog,
  emptyLog,
  idAt,
  insert,
  timeAt,
  typeAt,
  valueAt,
  wordBits,
} from "../window/log.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { fingerprint, hash32 } from "./fingerprint.ts";
import type { CompiledLane } from "./lane-plan.ts";

/** An entry of a stored log, in terms of the rule set that wrote it. */
type Stored = { readonly event: StreamEvent; readonly words: readonly number[] };
type StoredLog = { readonly name: number; readonly entries: readonly Stored[] };

/**
 * Writes and reads the logs of a lane. Conditions and fields are named by hashes, so that another
 * rule set can read what it shares; where it keeps other logs, it fills them from all entries.
 */
export class LogCodec {
  readonly #lane: CompiledLane | undefined;
  readonly #stream: Stream;
  readonly #bits: readonly number[];
  readonly #fields: readonly number[];
  readonly #names: readonly number[];
  /** Names the logs and their spans. */
  readonly #signature: number;

  constructor(lane: CompiledLane | undefined, stream: Stream) {
    this.#lane = lane;
    this.#stream = stream;
    this.#bits = lane?.bits.map((c) => hash32(lane.conditions[c]?.fingerprint ?? "")) ?? [];
    this.#fields = lane?.layout.columns.map(({ field }) => fieldName(stream, field)) ?? [];
    this.#names = lane?.logs.map((log) => hash32(log.fingerprint)) ?? [];
    this.#signature = hash32(
      fingerprint(lane?.logs.map((log) => [log.fingerprint, log.spanMs]) ?? []),
    );
  }

  write(writer: ByteWriter, logs: readonly EventLog[]): void {
    const kept = logs.reduce((count, log) => count + (log.end > log.start ? 1 : 0), 0);
    writer.count(kept);
    if (kept === 0) return;
    writer.u32(this.#signature);
    writer.list(this.#bits, (hash) => writer.u32(hash));
    writer.list(this.#fields, (hash) => writer.u32(hash));
    for (let l = 0; l < logs.length; l++) {
      const log = logs[l];
      if (log === undefined || log.end === log.start) continue;
      writer.u32(this.#names[l] ?? 0);
      this.#writeLog(writer, log);
    }
  }

  #writeLog(writer: ByteWriter, log: EventLog): void {
    const layout = this.#lane?.layout;
    if (layout === undefined) return;
    const words = Math.ceil(this.#bits.length / wordBits);
    writer.count(log.end - log.start);
    let previous = 0;
    for (let number = log.start; number < log.end; number++) {
      const at = timeAt(layout, log, number);
      writer.signed(at - previous);
      previous = at;
      writer.text(idAt(layout, log, number));
      writer.text(typeAt(layout, log, number));
      const cell = cellsAt(layout, log, number);
      for (let w = 0; w < words; w++) writer.count(log.cells[cell + 1 + w] as number);
      for (const column of layout.columns) writer.value(valueAt(layout, log, { number, column }));
    }
  }

  /** Reads logs into `logs`, which are empty; without a lane it only skips. */
  read(reader: ByteReader, logs: readonly EventLog[]): void {
    const kept = reader.count();
    if (kept === 0) return;
    const signature = reader.u32();
    const bits = reader.list(() => reader.u32());
    const fields = reader.list(() => reader.u32());
    const stored: StoredLog[] = [];
    for (let l = 0; l < kept; l++) {
      const name = reader.u32();
      stored.push({ name, entries: this.#readEntries(reader, bits, fields) });
    }
    if (this.#lane === undefined) return;
    if (signature === this.#signature) this.#restore(stored, logs);
    else this.#distribute(stored, logs);
  }

  #readEntries(
    reader: ByteReader,
    bits: readonly number[],
    fields: readonly number[],
  ): readonly Stored[] {
    const places = fields.map((hash) => this.#fields.indexOf(hash));
    let previous = 0;
    return reader.list((): Stored => {
      previous += reader.signed();
      const id = reader.text();
      const type = reader.text();
      const old: number[] = [];
      for (let w = 0; w * wordBits < bits.length; w++) old.push(reader.count());
      const values: Value[] = this.#stream.fields.map(() => undefined);
      for (const place of places) {
        const value = reader.value();
        const field = this.#lane?.layout.columns[place]?.field;
        if (field !== undefined) values[field] = value;
      }
      return { event: { id, type, at: previous, values }, words: this.#translate(old, bits) };
    });
  }

  /** A mask of another rule set in terms of this one. */
  #translate(old: readonly number[], bits: readonly number[]): readonly number[] {
    const words = new Array<number>(this.#lane?.layout.words ?? 0).fill(0);
    this.#bits.forEach((hash, bit) => {
      const was = bits[bit] === hash ? bit : bits.indexOf(hash);
      if (was < 0 || !hasBit(old, was)) return;
      const word = Math.floor(bit / wordBits);
      words[word] = (words[word] ?? 0) | (1 << (bit % wordBits));
    });
    return words;
  }

  #restore(stored: readonly StoredLog[], logs: readonly EventLog[]): void {
    for (const { name, entries } of stored) {
      const log = logs[this.#names.indexOf(name)];
      if (log === undefined || this.#lane === undefined) continue;
      for (const entry of entries) insert(this.#lane.layout, log, entry);
    }
  }

  /** Gives each log the entries that it would have kept, of all that there are. */
  #distribute(stored: readonly StoredLog[], logs: readonly EventLog[]): void {
    const lane = this.#lane;
    if (lane === undefined) return;
    const all = new Map<string, Stored>();
    for (const { entries } of stored) for (const entry of entries) all.set(entry.event.id, entry);
    const latest = Math.max(...[...all.values()].map(({ event }) => event.at));
    lane.logs.forEach(({ fill, spanMs }, l) => {
      const log = logs[l] ?? emptyLog();
      for (const entry of all.values()) {
        const keeps = fill < 0 || hasBit(entry.words, fill);
        if (keeps && entry.event.at >= latest - spanMs) insert(lane.layout, log, entry);
      }
    });
  }
}

function hasBit(words: readonly number[], bit: number): boolean {
  const word = Math.floor(bit / wordBits);
  return (((words[word] ?? 0) >>> (bit % wordBits)) & 1) === 1;
}

function fieldName(stream: Stream, index: number): number {
  const field = stream.fields[index];
  return hash32(`${field?.name}:${field?.type}`);
}
