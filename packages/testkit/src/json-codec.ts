import { type EventName, type Events, isEventName, type TopicName } from "@holdfast/contracts";

/** A codec that needs no registry: Avro's place is taken by readable JSON. For tests of one service. */
export interface JsonCodec {
  encode<K extends EventName>(topic: TopicName, type: K, event: Events[K]): Buffer;
  /** The inverse of encode; throws on anything else. */
  decode(payload: Buffer): { readonly type: EventName; readonly event: Events[EventName] };
}

/** Encodes `{type, event}`. */
export const jsonCodec: JsonCodec = {
  encode: (_topic, type, event) => Buffer.from(JSON.stringify({ type, event })),
  decode: (payload) => {
    const decoded: unknown = JSON.parse(payload.toString("utf8"));
    const { type, event } = decoded as { type: string; event: Events[EventName] };
    if (!isEventName(type)) throw new Error(`Not an event: ${type}`);
    return { type, event };
  },
};
