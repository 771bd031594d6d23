/** The type of a declared field; `money` is an integer of minor units of the base currency. */
export type FieldType = "string" | "int" | "double" | "bool" | "money" | "timestamp";

/** A field's value: money and timestamps (epoch milliseconds) are integers; `undefined` = missing. */
export type Value = string | number | boolean | undefined;

/** One declared field of a stream. */
export type Field = {
  readonly name: string;
  readonly type: FieldType;
  /** Event types that carry it; `undefined` = all of them. */
  readonly on: readonly string[] | undefined;
};

/**
 * What a host feeds to the engine: one keyed stream of typed events. Nothing here is bound to
 * payments; the shipped declaration is `rules/stream.yaml`.
 */
export type Stream = {
  readonly name: string;
  /** The name by which conditions address the event at hand (`tx` in `tx.amount`). */
  readonly variable: string;
  /** The field that keys the stream; every rule is evaluated per value of it. */
  readonly key: string;
  /** ISO 4217 code of money fields and literals. */
  readonly currency: string;
  /** Words of the English sentences: what a judged event and a key are called. */
  readonly words: { readonly event: string; readonly events: string; readonly key: string };
  /** Declared event types; `type` in conditions is one of them. */
  readonly types: readonly string[];
  /** The types that are judged: conditions that do not mention `type` see these alone. */
  readonly judged: readonly string[];
  readonly fields: readonly Field[];
};

/** One record as the engine sees it. Build it with {@link toEvent}; do not change it afterwards. */
export type StreamEvent = {
  /** The event's id, the deduplication key; a duplicate within the horizon counts once. */
  readonly id: string;
  /** One of the stream's declared types. */
  readonly type: string;
  /** Event time, epoch milliseconds. */
  readonly at: number;
  /** Values in the order of `stream.fields`. */
  readonly values: readonly Value[];
};

/** An event with its fields by name; names that the stream does not declare are ignored. */
export type NamedEvent = {
  readonly id: string;
  readonly type: string;
  readonly at: number;
  readonly fields: Readonly<Record<string, Value | null>>;
};

/** Orders an event's fields as the stream declares them; `null` counts as missing. */
export function toEvent(stream: Stream, event: NamedEvent): StreamEvent {
  const values = stream.fields.map((field) => event.fields[field.name] ?? undefined);
  return { id: event.id, type: event.type, at: event.at, values };
}
