import { type EventName, type EventsOn, isEventName, type TopicName } from "@holdfast/contracts";
import type { DeliveryContext } from "./delivery.ts";
import { header, type Message } from "./message.ts";
import type { IncomingRecord } from "./record.ts";

/**
 * Handles one event. `tx` is what the transaction layer opened (outbox's Tx), undefined without
 * one. Resolving means done; a rejection is retried or dead-lettered by the error's nature.
 */
export type Handler<K extends EventName, Tx = unknown> = (
  message: Message<K>,
  tx: Tx,
) => Promise<void>;

/** The handlers of a topic's events; the ones that are not listed are skipped and counted. */
export type Handlers<T extends TopicName, Tx = unknown> = {
  readonly [K in EventsOn<T>]?: Handler<K, Tx>;
};

/** A topic and what happens to its events. */
export interface Route {
  /** The name on the broker; differs from the catalogue's in replays and tests. */
  readonly topic: string;
  /** False when the headers already tell that nobody here handles the record. */
  readonly wants: (record: IncomingRecord) => boolean;
  /** Calls the handler of the decoded message, or marks the context as skipped. */
  readonly dispatch: (context: DeliveryContext) => Promise<void>;
}

/** A route from `topic` to the handlers of its events. */
export function on<T extends TopicName, Tx = unknown>(
  topic: T,
  handlers: Handlers<T, Tx>,
  options: { readonly topicName?: string } = {},
): Route {
  const table = new Map<string, Handler<EventName, Tx>>(
    Object.entries(handlers) as [string, Handler<EventName, Tx>][],
  );
  return {
    topic: options.topicName ?? topic,
    wants: (record) => {
      const type = record.headers[header.eventType];
      // Records that are not well formed go on, to be dead-lettered.
      const wellFormed = record.key !== null && record.value !== null && type !== undefined;
      return !wellFormed || table.has(type) || !isEventName(type);
    },
    dispatch: async (context) => {
      const { message } = context;
      if (message === undefined) throw new Error("Nothing was decoded: put decode before handlers");
      const handler = table.get(message.type);
      if (handler === undefined) context.result = "skipped";
      else await handler(message, context.tx as Tx);
    },
  };
}
