import type { EventName, Events, EventsOn, TopicName } from "@holdfast/contracts";
import type { IncomingRecord, Message } from "@holdfast/messaging";
import { buildEvent } from "./build-event.ts";
import { jsonCodec } from "./json-codec.ts";

/** What a built message carries beside its event. */
export interface BuiltMessageOptions {
  readonly id: string;
  readonly key?: string;
  readonly entityId?: string;
  readonly entityVersion?: number;
}

/** A delivered message as a handler gets it, with a valid event and a record to match. */
export function buildMessage<T extends TopicName, K extends EventsOn<T> & EventName>(
  topic: T,
  [type, fields = {}]: readonly [type: K, fields?: Partial<Events[K]>],
  { id, key = "key", entityId, entityVersion }: BuiltMessageOptions,
): Message<K> {
  const event = buildEvent(type, fields);
  const headers: Record<string, string> = { id, eventType: type };
  if (entityId !== undefined) headers["entityId"] = entityId;
  if (entityVersion !== undefined) headers["entityVersion"] = String(entityVersion);
  const record: IncomingRecord = {
    topic,
    partition: 0,
    offset: "0",
    key: Buffer.from(key),
    value: jsonCodec.encode(topic, type, event),
    headers,
    rawHeaders: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]),
    ),
    timestampMs: Date.UTC(2026, 0, 1),
  };
  return {
    id,
    type,
    event,
    key,
    entityId: entityId ?? null,
    entityVersion: entityVersion ?? null,
    record,
  } as Message<K>;
}
