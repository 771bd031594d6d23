import type { Stream, StreamEvent } from "../stream.ts";
import { ByteReader, ByteWriter, StateFormatError } from "./bytes.ts";
import { emptyIds, type IdStore, idBytes, indexIds } from "./ids.ts";
import { LaneCodec } from "./lane-codec.ts";
import type { CompiledLane } from "./lane-plan.ts";
import { type KeyState, newKeyState } from "./state.ts";
import type { Lineage } from "./types.ts";

/** The first byte of a stored state. Older formats stay readable: see {@link StateCodec.decode}. */
const formatVersion = 1;

/** What both directions of the codec need to know of the engine. */
export type Layout = {
  readonly stream: Stream;
  readonly generation: number;
  readonly lineage: Lineage;
  readonly early: CompiledLane | undefined;
  readonly final: CompiledLane | undefined;
};

/**
 * A key's state as bytes: equal states give equal bytes. Pieces of state are named by hashes of
 * what they collect, so that another rule set finds those that it shares.
 */
export class StateCodec {
  readonly #layout: Layout;
  readonly #early: LaneCodec | undefined;
  readonly #final: LaneCodec | undefined;

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#early = layout.early && new LaneCodec(layout.early, layout);
    this.#final = layout.final && new LaneCodec(layout.final, layout);
  }

  encode(state: KeyState): Uint8Array {
    const writer = new ByteWriter();
    writer.byte(formatVersion);
    writer.count(this.#layout.generation);
    writer.time(state.latestAt);
    writeIds(writer, state.ids);
    writer.byte((state.early === undefined ? 0 : 1) | (state.final === undefined ? 0 : 2));
    if (state.early !== undefined) this.#early?.write(writer, state.early);
    if (state.final !== undefined) this.#final?.write(writer, state.final);
    writer.list(state.waiting, (event) => this.#writeEvent(writer, event));
    return writer.finish();
  }

  /** Throws {@link StateFormatError}. `dueAt` is left to the caller. */
  decode(bytes: Uint8Array): KeyState {
    const reader = new ByteReader(bytes);
    const version = reader.byte();
    if (version !== formatVersion) {
      throw new StateFormatError(`State format ${version} is not known, this is ${formatVersion}.`);
    }
    const generation = reader.count();
    const state = newKeyState({ early: this.#layout.early, final: this.#layout.final });
    state.latestAt = reader.time();
    state.ids = readIds(reader);
    const lanes = reader.byte();
    const skipped = new LaneCodec(undefined, this.#layout);
    if ((lanes & 1) !== 0) {
      const early = (this.#early ?? skipped).read(reader, generation);
      if (state.early !== undefined) state.early = early;
    }
    if ((lanes & 2) !== 0) {
      const final = (this.#final ?? skipped).read(reader, generation);
      if (state.final !== undefined) state.final = final;
    }
    const waiting = reader.list(() => readEvent(reader, this.#layout.stream));
    if (state.final !== undefined) state.waiting = waiting;
    reader.end();
    return state;
  }

  /** A waiting event by field name, for the stream may be declared anew before it is judged. */
  #writeEvent(writer: ByteWriter, event: StreamEvent): void {
    writer.time(event.at);
    writer.text(event.id);
    writer.text(event.type);
    const known = this.#layout.stream.fields.flatMap((field, i) => {
      const value = event.values[i];
      return value === undefined ? [] : [{ name: field.name, value }];
    });
    writer.list(known, ({ name, value }) => {
      writer.text(name);
      writer.value(value);
    });
  }
}

function readEvent(reader: ByteReader, stream: Stream): StreamEvent {
  const at = reader.time();
  const id = reader.text();
  const type = reader.text();
  const fields = new Map(reader.list(() => [reader.text(), reader.value()] as const));
  return { id, type, at, values: stream.fields.map((field) => fields.get(field.name)) };
}

function writeIds(writer: ByteWriter, store: IdStore): void {
  writer.byte(store.incomplete ? 1 : 0);
  writer.count(store.ids.length - store.head);
  let previous = 0;
  for (let i = store.head; i < store.ids.length; i++) {
    const at = store.ats[i] ?? 0;
    writer.signed(at - previous);
    previous = at;
    writer.text(store.ids[i] ?? "");
  }
}

function readIds(reader: ByteReader): IdStore {
  const store = emptyIds();
  store.incomplete = reader.byte() === 1;
  let previous = 0;
  reader.list(() => {
    previous += reader.signed();
    const id = reader.text();
    store.ats.push(previous);
    store.ids.push(id);
    store.bytes += idBytes(id);
  });
  indexIds(store);
  return store;
}
