import type { Stream, StreamEvent } from "../stream.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { LaneCodec } from "./lane-codec.ts";
import { finalStateOf, type KeyState, type Lanes, latestCell, newKeyState } from "./state.ts";
import type { Lineage } from "./types.ts";
import { upgraded, upgrades } from "./upgrades.ts";

/** The first byte of a stored state. Whoever raises it adds the way from before to `upgrades`. */
const formatVersion = 2;

/** What both directions of the codec need to know of the engine. */
export type Layout = Lanes & {
  readonly stream: Stream;
  readonly generation: number;
  readonly lineage: Lineage;
};

/**
 * A key's state as bytes: equal states give equal bytes. Pieces of state are named by hashes of
 * what they collect, so that another rule set finds those that it shares.
 */
export class StateCodec {
  readonly #layout: Layout;
  readonly #early: LaneCodec;
  readonly #final: LaneCodec;
  readonly #writer = new ByteWriter();

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#early = new LaneCodec(layout.early, layout);
    this.#final = new LaneCodec(layout.final, layout);
  }

  encode(state: KeyState): Uint8Array {
    const writer = this.#writer;
    writer.begin();
    writer.byte(formatVersion);
    writer.count(this.#layout.generation);
    writer.time(state.cells[latestCell] as number);
    writer.byte(this.#layout.final === undefined ? 0 : 1);
    this.#early.write(writer, state);
    this.#final.write(writer, finalStateOf(state));
    writer.count(state.waiting.length);
    for (const event of state.waiting) this.#writeEvent(writer, event);
    return writer.finish();
  }

  /** Throws {@link StateFormatError}. `dueAt` is left to the caller. */
  decode(bytes: Uint8Array): KeyState {
    const reader = new ByteReader(upgraded(bytes, { present: formatVersion, upgrades }));
    reader.byte();
    const generation = reader.count();
    const latestAt = reader.time();
    const hasFinal = reader.byte() === 1;
    const state = newKeyState(this.#layout);
    this.#early.read(reader, generation, state);
    state.cells[latestCell] = latestAt;
    if (hasFinal) this.#final.read(reader, generation, finalStateOf(state));
    const waiting = reader.list(() => readEvent(reader, this.#layout.stream));
    reader.end();
    if (waiting.length > 0 && this.#layout.final !== undefined) state.waiting = waiting;
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
