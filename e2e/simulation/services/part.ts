import type { Route as Consumed } from "@holdfast/messaging";
import type { Database, Ids } from "@holdfast/outbox";
import type { Clock, Route } from "@holdfast/service-kit";

/** What one process of a service stands on. */
export interface Ground {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** One process of a service: what it answers by HTTP, what it consumes, and the work that it owes. */
export interface Part {
  readonly routes: readonly Route[];
  readonly consumes: readonly Consumed[];
  readonly queues: readonly { runDue(): Promise<number> }[];
}
