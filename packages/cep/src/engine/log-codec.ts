import type { Stream, StreamEvent, Value } from "../stream.ts";
import { type EventLog, type LogState, wordBits } from "../window/log.ts";
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

  write(writer: ByteWriter, state: LogState): void {
    const logs = this.#lane?.logs ?? [];
    const kept = logs.reduce((count, { log }) => count + (log.count(state) > 0 ? 1 : 0), 0);
    writer.count(kept);
    if (kept === 0) return;
    writer.u32(this.#signature);
    writer.list(this.#bits, (hash) => writer.u32(hash));
    writer.list(this.#fields, (hash) => writer.u32(hash));
    for (let l = 0; l < logs.length; l++) {
      const log = logs[l]?.log;
      if (log === undefined || log.count(state) === 0) continue;
      writer.u32(this.#names[l] ?? 0);
      this.#writeLog(writer, state, log);
    }
  }

  #writeLog(writer: ByteWriter, state: LogState, log: EventLog): void {
    const words = Math.ceil(this.#bits.length / wordBits);
    writer.count(log.count(state));
    let previous = 0;
    const end = log.end(state);
    for (let number = log.start(state); number < end; number++) {
      const cell = log.cellOf(state, number);
      const at = state.cells[cell] as number;
      writer.signed(at - previous);
      previous = at;
      writer.text(log.idAt(state, number));
      writer.text(log.typeAt(state, number));
      for (let w = 0; w < words; w++) writer.count(state.cells[cell + 1 + w] as number);
      for (const column of log.layout.columns) writer.value(log.valueAt(state, number, column));
    }
  }

  /** Reads logs into a state where they are empty; without one it only skips. */
  read(reader: ByteReader, state: LogState | undefined): void {
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
    if (state === undefined) return;
    if (signature === this.#signature) this.#restore(stored, state);
    else this.#distribute(stored, state);
  }

  #readEntries(
    reader: ByteReader,
    bits: readonly number[],
    fields: readonly number[],
  ): readonly Stored[] {
    const places = fields.map((hash) => this.#fields.indexOf(hash));
    const isOurs = bits.length === this.#bits.length && this.#bits.every((b, i) => b === bits[i]);
    let previous = 0;
    return reader.list((): Stored => {
      previous += reader.signed();
      const id = reader.text();
      const type = reader.text();
      const old: number[] = [];
      for (let w = 0; w * wordBits < bits.length; w++) old.push(reader.count());
      const values = new Array<Value>(this.#stream.fields.length).fill(undefined);
      for (const place of places) {
        const value = reader.value();
        const field = this.#lane?.layout.columns[place]?.field;
        if (field !== undefined) values[field] = value;
      }
      const words = isOurs ? old : this.#translate(old, bits);
      return { event: { id, type, at: previous, values }, words };
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

  #restore(stored: readonly StoredLog[], state: LogState): void {
    for (const { name, entries } of stored) {
      const log = this.#lane?.logs[this.#names.indexOf(name)]?.log;
      for (const { event, words } of entries) log?.insert(state, event, words);
    }
  }

  /** Gives each log the entries that it would have kept, of all that there are. */
  #distribute(stored: readonly StoredLog[], state: LogState): void {
    const all = new Map<string, Stored>();
    for (const { entries } of stored) for (const entry of entries) all.set(entry.event.id, entry);
    const latest = Math.max(...[...all.values()].map(({ event }) => event.at));
    for (const { fill, spanMs, log } of this.#lane?.logs ?? []) {
      for (const { event, words } of all.values()) {
        const keeps = fill < 0 || hasBit(words, fill);
        if (keeps && event.at >= latest - spanMs) log.insert(state, event, words);
      }
    }
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
