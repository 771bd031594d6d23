import type { Query } from "@holdfast/outbox";

/** The partitions of card-activity for which no payment was requested after `sinceMs`. */
export async function idlePartitions(
  query: Query,
  { partitions, sinceMs }: { partitions: number; sinceMs: number },
): Promise<number[]> {
  const { rows } = await query<{ partition: number }>(
    `SELECT candidate AS partition FROM generate_series(0, $1::int - 1) AS candidate
     WHERE NOT EXISTS (
       SELECT FROM payments
       WHERE card_partition = candidate AND requested_at > to_timestamp($2::float8 / 1000))
     ORDER BY candidate`,
    [partitions, sinceMs],
  );
  return rows.map(({ partition }) => partition);
}
