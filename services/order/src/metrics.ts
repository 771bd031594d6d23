import type { Query } from "@holdfast/outbox";
import { observe } from "@holdfast/telemetry";
import { countSagasUnderWay, type SagaState, type SagasUnderWay } from "./store/sagas-under-way.ts";

/**
 * Exports how many orders stand in each state that is not an end, since when, and how many are stuck,
 * read at scrape time. Returns a function that ends it.
 */
export function observeSagas(
  query: Query,
  limitsMs: Readonly<Record<SagaState, number>>,
): () => void {
  const read = shared(() => countSagasUnderWay(query, limitsMs));
  const observed = (value: (sagas: SagasUnderWay) => number) => async () =>
    (await read()).map((sagas) => ({ value: value(sagas), labels: { state: sagas.state } }));
  const ends = [
    observe(
      "orders_saga_state",
      observed(({ orders }) => orders),
    ),
    observe(
      "orders_saga_oldest_age_seconds",
      observed(({ oldestAgeSeconds }) => oldestAgeSeconds),
    ),
    observe(
      "orders_saga_stuck",
      observed(({ stuck }) => stuck),
    ),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** Callers at the same time share one run: three metrics of one scrape cost one query. */
function shared<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}
