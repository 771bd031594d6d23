import type { EventName, Events, TopicName } from "@holdfast/contracts";

/** The part of messaging's codec that writes: frames and encodes one event, synchronously. */
export interface Codec {
  encode<K extends EventName>(topic: TopicName, type: K, event: Events[K]): Buffer;
}
