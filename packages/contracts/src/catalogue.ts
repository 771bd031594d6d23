import type { Events } from "./generated/events.ts";
import { schemas } from "./generated/schemas.ts";
import { topics } from "./generated/topics.ts";

/** The name of an event: the record's name in Avro, the `eventType` header on Kafka. */
export type EventName = keyof Events;

/** The name of a topic of the catalogue. */
export type TopicName = keyof typeof topics;

/** The events that may appear on a topic. */
export type EventsOn<T extends TopicName> = (typeof topics)[T]["events"][number];

/** A decoded event together with its name; narrow it by `type`. */
export type NamedEvent = { [K in EventName]: { type: K; event: Events[K] } }[EventName];

export const topicNames: readonly TopicName[] = Object.keys(topics) as TopicName[];

/** Whether `name` is an event of the catalogue. */
export function isEventName(name: string): name is EventName {
  return Object.hasOwn(schemas, name);
}

/** The events that may appear on `topic`, in the catalogue's order. */
export function eventsOn<T extends TopicName>(topic: T): readonly EventsOn<T>[] {
  return topics[topic].events as readonly EventsOn<T>[];
}

/** The full Avro name of an event, such as `holdfast.order.OrderPlaced`. */
export function fullNameOf(event: EventName): string {
  const schema = schemas[event];
  return `${schema.namespace}.${schema.name}`;
}

/** The registry subject of an event on a topic: `<topic>-<namespace>.<EventName>`. */
export function subjectOf(topic: TopicName, event: EventName): string {
  return `${topic}-${fullNameOf(event)}`;
}

/** Every (topic, event, subject) of the catalogue. */
export function subjects(): { topic: TopicName; event: EventName; subject: string }[] {
  return topicNames.flatMap((topic) =>
    eventsOn(topic).map((event) => ({ topic, event, subject: subjectOf(topic, event) })),
  );
}
