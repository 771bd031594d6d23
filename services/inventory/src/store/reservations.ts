import type { StockReleaseReason } from "@holdfast/contracts";
import type { Query, Tx } from "@holdfast/outbox";
import { linesHeldBy, type Reservation } from "../domain/reservation.ts";
import type { StockLines } from "../domain/stock-lines.ts";

/** The order a reservation belongs to. */
export interface OrderReference {
  readonly orderId: string;
  readonly customerId: string;
}

interface ReservationRow {
  readonly status: "forestalled" | "rejected" | "reserved" | "promised" | "committed" | "released";
  readonly lines: StockLines | null;
  readonly expiresAt: Date | null;
  readonly reason: StockReleaseReason | null;
}

/** Reads the order's reservation and locks it until the transaction ends. */
export async function lockReservation(tx: Tx, orderId: string): Promise<Reservation> {
  const { rows } = await tx.query<ReservationRow>(
    {
      name: "reservation-lock",
      text: `SELECT status, lines, expires_at AS "expiresAt", release_reason AS reason
             FROM reservations WHERE order_id = $1 FOR UPDATE`,
    },
    [orderId],
  );
  const [row] = rows;
  return row === undefined ? { status: "none" } : reservationOf(row);
}

/**
 * Takes the reservation from one state to the next by one conditional statement. Throws
 * ReservationChanged when it was not in `from` any more; then nothing may be committed.
 */
export async function saveReservation(
  tx: Tx,
  order: OrderReference,
  { from, to }: { readonly from: Reservation; readonly to: Reservation },
): Promise<void> {
  const statement = from.status === "none" ? insertStatement : updateStatement;
  const { rowCount } = await tx.query(statement, [
    order.orderId,
    from.status === "none" ? order.customerId : from.status,
    to.status,
    "lines" in to ? JSON.stringify(linesHeldBy(to)) : null,
    to.status === "reserved" ? new Date(to.expiresAt) : null,
    to.status === "released" ? to.reason : null,
  ]);
  if (rowCount !== 1) throw new ReservationChanged("The reservation changed at the same time");
}

const insertStatement = {
  name: "reservation-insert",
  text: `INSERT INTO reservations
           (order_id, customer_id, status, lines, expires_at, release_reason)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
};

const updateStatement = {
  name: "reservation-update",
  text: `UPDATE reservations SET status = $3, lines = $4, expires_at = $5, release_reason = $6,
           updated_at = now()
         WHERE order_id = $1 AND status = $2`,
};

/** Somebody else moved the same reservation; rolling back and trying again is right. */
export class ReservationChanged extends Error {
  override readonly name = "ReservationChanged";
}

/** How many reservations hold units. */
export async function countOpenReservations(query: Query): Promise<number> {
  const { rows } = await query<{ open: number }>(
    `SELECT count(*) AS open FROM reservations WHERE status IN ('reserved', 'promised')`,
  );
  return rows[0]?.open ?? 0;
}

function reservationOf({ status, lines, expiresAt, reason }: ReservationRow): Reservation {
  switch (status) {
    case "forestalled":
    case "rejected":
      return { status };
    case "reserved":
      return { status, lines: lines ?? [], expiresAt: expiresAt?.getTime() ?? 0 };
    case "promised":
    case "committed":
      return { status, lines: lines ?? [] };
    case "released":
      return { status, lines: lines ?? [], reason: reason ?? "UNKNOWN" };
  }
}
