import type { Query } from "@holdfast/outbox";

/** Where an order that has not ended may stand. */
export const sagaStates = ["pending", "under_review", "accepted"] as const;
export type SagaState = (typeof sagaStates)[number];

/** The orders that stand in one state. */
export interface SagasUnderWay {
  readonly state: SagaState;
  readonly orders: number;
  /** Seconds since the order that moved least recently moved; 0 without orders. */
  readonly oldestAgeSeconds: number;
  /** Orders that have not moved for longer than their state's limit. */
  readonly stuck: number;
}

/** An order that has not moved for longer than its state's limit. */
export interface StuckOrder {
  readonly orderId: string;
  readonly state: SagaState;
  /** Milliseconds since it last moved. */
  readonly ageMs: number;
}

/** At most `limit` stuck orders, those first that moved least recently. */
export async function findStuckOrders(
  query: Query,
  limitsMs: Readonly<Record<SagaState, number>>,
  limit: number,
): Promise<StuckOrder[]> {
  const { rows } = await query<StuckOrder>(
    `SELECT order_id AS "orderId", state,
       (extract(epoch FROM now() - updated_at) * 1000)::bigint AS "ageMs"
     FROM (
       SELECT order_id, updated_at,
         CASE WHEN payment = 'held' THEN 'under_review' ELSE saga END AS state
       FROM orders WHERE saga IN ('pending', 'accepted')
     ) AS under_way
     JOIN unnest($1::text[], $2::bigint[]) AS states (state, limit_ms) USING (state)
     WHERE updated_at < now() - limit_ms * interval '1 millisecond'
     ORDER BY updated_at LIMIT $3`,
    [sagaStates, sagaStates.map((state) => limitsMs[state]), limit],
  );
  return rows;
}

/** Counts the orders that have not ended; `limitsMs` says when one counts as stuck. */
export async function countSagasUnderWay(
  query: Query,
  limitsMs: Readonly<Record<SagaState, number>>,
): Promise<SagasUnderWay[]> {
  const { rows } = await query<SagasUnderWay>(
    `SELECT state, count(saga) AS orders,
       coalesce(extract(epoch FROM now() - min(updated_at)), 0)::float8 AS "oldestAgeSeconds",
       count(saga) FILTER (WHERE updated_at < now() - limit_ms * interval '1 millisecond') AS stuck
     FROM unnest($1::text[], $2::bigint[]) AS states (state, limit_ms)
     LEFT JOIN (
       SELECT saga, updated_at,
         CASE WHEN payment = 'held' THEN 'under_review' ELSE saga END AS state
       FROM orders WHERE saga IN ('pending', 'accepted')
     ) AS under_way USING (state)
     GROUP BY state, limit_ms ORDER BY array_position($1::text[], state)`,
    [sagaStates, sagaStates.map((state) => limitsMs[state])],
  );
  return rows;
}
