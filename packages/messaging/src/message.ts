import type { EventName, Events } from "@holdfast/contracts";
import type { IncomingRecord } from "./record.ts";

/** A record whose value is a known event. */
export type Message<K extends EventName = EventName> = {
  [Name in K]: {
    /** The event id, the only key to deduplicate by; empty when the header is missing. */
    readonly id: string;
    readonly type: Name;
    readonly event: Events[Name];
    readonly key: string;
    /** The entity that the event is about, and its version within this topic, from outbox rows. */
    readonly entityId: string | null;
    readonly entityVersion: number | null;
    readonly record: IncomingRecord;
  };
}[K];

/** The names of the headers that records carry. */
export const header = {
  id: "id",
  eventType: "eventType",
  entityId: "entityId",
  entityVersion: "entityVersion",
  traceparent: "traceparent",
  tracestate: "tracestate",
  /** When the outbox row was written, ISO 8601; absent on records that were sent directly. */
  createdAt: "createdAt",
} as const;
