import { header, type KafkaClient, tail } from "@holdfast/messaging";
import { type Component, component } from "@holdfast/service-kit";
import type { Logger } from "@holdfast/telemetry";
import type { AwaitedDecisions } from "./awaited-decisions.ts";

/** Decisions that other processes make. */
export interface DecisionFeed extends Component {
  /** Begins to read, once; resolves when nothing new is missed any more, or at the latest after `ms`. */
  follow(ms: number): Promise<void>;
}

/**
 * Reads the topic of decisions from its end on, from the first time that somebody needs it: a process
 * that owns all partitions, or whose scoring API nobody uses, reads nothing.
 */
export function createDecisionFeed(options: {
  readonly kafka: KafkaClient;
  readonly topic: string;
  readonly awaited: AwaitedDecisions;
  readonly logger: Logger;
}): DecisionFeed {
  const { kafka, topic, awaited, logger } = options;
  const stopping = new AbortController();
  let reading: { readonly ready: Promise<void>; readonly ended: Promise<void> } | undefined;
  const read = async (onReady: () => void) => {
    const { signal } = stopping;
    const records = tail({ kafka, topics: [topic], from: "now", signal, onReady, logger });
    for await (const { headers, value } of records) {
      if (value !== null && !awaited.isEmpty) awaited.arrived(headers[header.id] ?? "", value);
    }
  };
  const begin = () => {
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const ended = read(resolve).catch((err: unknown) => {
      logger.warn({ err }, "Decisions cannot be followed; the next request tries again.");
      reading = undefined;
      resolve();
    });
    return { ready, ended };
  };
  return {
    ...component("decision feed", {
      stop: async () => {
        stopping.abort();
        await reading?.ended;
      },
    }),
    follow: async (ms) => {
      reading ??= begin();
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      await Promise.race([reading.ready, late]);
      clearTimeout(timer);
    },
  };
}
