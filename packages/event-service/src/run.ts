import type { PartitionProcessor } from "@holdfast/messaging";
import {
  type Check,
  type Component,
  component,
  createHttpServer,
  deadLetterRoutes,
  type Route,
  runService,
} from "@holdfast/service-kit";
import { stopTracing } from "@holdfast/telemetry";
import type { Consumer } from "./consumer.ts";
import type { EventService } from "./open.ts";

/** The map of one service: what it does with events, with requests, and on its own. */
export interface Wiring {
  readonly consumer: Consumer;
  readonly routes: readonly Route[];
  /** Whatever else runs, in the order of its start; all of it runs before the first event comes. */
  readonly components: readonly Component[];
}

/**
 * Runs an opened service until SIGTERM, as runService describes. Ready when the database answers and
 * the consumer group was joined once: requests are served while Kafka is away, since what they cause
 * waits in the outbox.
 */
export async function runEventService(service: EventService, wiring: Wiring): Promise<void> {
  const { name, config, database, readiness, logger } = service;
  const { consumer, routes, components } = wiring;
  readiness.add("database", () => database.check());
  readiness.add("kafka", membership(consumer.processor));
  await runService({
    logger,
    readiness,
    components: [
      component("tracing", { stop: stopTracing }),
      component("database", { stop: () => database.close() }),
      service.producer,
      ...components,
      ...consumer.sweepers,
      consumer.processor,
      createHttpServer({
        service: name,
        version: service.version,
        description: service.description,
        host: config.HOST,
        port: config.PORT,
        routes: [...routes, ...deadLetterRoutes(consumer.deadLetters)],
        authenticate: service.authenticate,
        readiness,
        logger,
      }),
    ],
  });
}

/** Throws until the processor has joined its group; from then on only tells whether it is away. */
function membership(processor: PartitionProcessor): Check {
  let joined = false;
  void processor.joined().then(() => {
    joined = true;
  });
  return () => {
    if (!joined) throw new Error("not joined yet");
    return processor.health().connected ? "connected" : "away; events are read when it is back";
  };
}
