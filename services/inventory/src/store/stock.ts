import type { Query, Tx } from "@holdfast/outbox";
import type { StockMovement } from "../domain/movements.ts";
import type { FreeUnits } from "../domain/reservation.ts";

/** The counts of one product. */
export interface StockLevel {
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
}

/** Who or what moved units. */
export type MovementCause =
  | { readonly orderId: string }
  | { readonly actor: string; readonly note: string };

/**
 * Locks the products' rows in ascending order, the same for every order, so that two orders can wait
 * for each other but never deadlock. Resolves to their free units; unknown products have no entry.
 */
export async function lockFreeUnits(tx: Tx, skus: readonly string[]): Promise<FreeUnits> {
  const { rows } = await tx.query<{ sku: string; free: number }>(
    {
      name: "stock-lock",
      text: `SELECT sku, on_hand - reserved AS free FROM stock
             WHERE sku = ANY ($1::text[]) ORDER BY sku FOR UPDATE`,
    },
    [skus],
  );
  return new Map(rows.map(({ sku, free }) => [sku, free]));
}

/**
 * Changes the counts and writes the journal in one statement. Throws StockChanged when a count would
 * leave 0 ≤ reserved ≤ on hand or a product is unknown; then nothing may be committed.
 */
export async function moveStock(
  tx: Tx,
  movements: readonly StockMovement[],
  cause: MovementCause,
): Promise<void> {
  if (movements.length === 0) return;
  const { orderId, actor, note } = { orderId: null, actor: null, note: null, ...cause };
  const { rowCount } = await tx.query({ name: "stock-move", text: moveStatement }, [
    movements.map(({ sku }) => sku),
    movements.map(({ kind }) => kind),
    movements.map(({ onHandChange }) => onHandChange),
    movements.map(({ reservedChange }) => reservedChange),
    orderId,
    actor,
    note,
  ]);
  if (rowCount !== movements.length) {
    throw new StockChanged(`${movements.length - (rowCount ?? 0)} products could not be moved`);
  }
}

const moveStatement = `
  WITH movement AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
      AS m (sku, kind, on_hand_change, reserved_change)
  ), moved AS (
    UPDATE stock SET
      on_hand = on_hand + on_hand_change,
      reserved = reserved + reserved_change,
      updated_at = now()
    FROM movement
    WHERE stock.sku = movement.sku
      AND on_hand - reserved >= reserved_change - on_hand_change
      AND reserved + reserved_change >= 0
    RETURNING movement.*
  )
  INSERT INTO stock_movements (sku, kind, on_hand_change, reserved_change, order_id, actor, note)
  SELECT sku, kind, on_hand_change, reserved_change, $5, $6, $7 FROM moved`;

/** The counts were not what the decision rested on; rolling back and trying again is right. */
export class StockChanged extends Error {
  override readonly name = "StockChanged";
}

/** The counts of one product; undefined when it is unknown. */
export async function findStock(query: Query, sku: string): Promise<StockLevel | undefined> {
  const { rows } = await query<StockLevel & { sku: string }>(
    `SELECT sku, on_hand AS "onHand", reserved FROM stock WHERE sku = $1`,
    [sku],
  );
  return rows[0];
}
