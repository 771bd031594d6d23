import type { Component, Query } from "@holdfast/outbox";
import type { Logger } from "@holdfast/telemetry";
import { findStuckOrders, type SagaState } from "../store/sagas-under-way.ts";

export interface StuckOrderSweeperOptions {
  readonly query: Query;
  /** How long an order may stand in a state; three times the time-out of the step it waits for. */
  readonly limitsMs: Readonly<Record<SagaState, number>>;
  readonly logger: Logger;
  /** Default 10 s. */
  readonly everyMs?: number;
}

/** A component that tells of orders that do not move. */
export interface StuckOrderSweeper extends Component {
  /** One look; resolves to how many orders it told of. */
  look(): Promise<number>;
}

/** More than this many are not orders that are stuck but a service that is down. */
const maxTold = 100;

/**
 * Logs each order that has not moved for longer than its state's limit, once until it moves; how many
 * there are is the metric orders_saga_stuck. It decides nothing: what an order waits for is owed by
 * somebody, and a person must see why it is not done.
 */
export function createStuckOrderSweeper(options: StuckOrderSweeperOptions): StuckOrderSweeper {
  const { query, limitsMs, logger } = options;
  let told = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<unknown> = Promise.resolve();

  const look = async (): Promise<number> => {
    const stuck = await findStuckOrders(query, limitsMs, maxTold);
    const news = stuck.filter(({ orderId, state }) => !told.has(`${orderId} ${state}`));
    for (const { orderId, state, ageMs } of news) {
      logger.error({ orderId, state, ageMs }, "An order is stuck");
    }
    told = new Set(stuck.map(({ orderId, state }) => `${orderId} ${state}`));
    return news.length;
  };
  const lookSafely = () =>
    look().catch((error: unknown) => {
      logger.warn({ err: error }, "Stuck orders could not be looked for");
    });

  return {
    name: "stuck orders",
    look,
    start: async () => {
      timer = setInterval(() => {
        current = current.then(lookSafely);
      }, options.everyMs ?? 10_000);
    },
    stop: async () => {
      clearInterval(timer);
      await current;
    },
  };
}
