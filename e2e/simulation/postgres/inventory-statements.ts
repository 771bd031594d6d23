import type { StockMovement } from "../../../services/inventory/src/domain/movements.ts";
import { type Row, ServerError, type View } from "./engine.ts";
import type { StatementTable } from "./statement-table.ts";

type Moved = [
  skus: string[],
  kinds: StockMovement["kind"][],
  onHandChanges: number[],
  reservedChanges: number[],
  orderId: string | null,
];

type Saved = [
  orderId: string,
  customerIdOrFrom: string,
  to: string,
  lines: string | null,
  expiresAt: Date | null,
  reason: string | null,
];

interface Stock extends Row {
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
}

const inOrder = (skus: readonly string[]): (readonly [string, string])[] =>
  skus.toSorted().map((sku) => ["stock", sku] as const);

/** inventory's own tables: stock, its movements, reservations. */
export const inventoryStatements: StatementTable = {
  "reservation-lock": {
    locks: (_, [orderId]: [string]) => [["reservations", orderId]],
    run: (view, [orderId]: [string]) => {
      const row = view.get("reservations", orderId);
      return row === undefined ? [] : [row];
    },
  },
  "reservation-insert": {
    locks: (_, [orderId]: Saved) => [["reservations", orderId]],
    run: (view, values: Saved) => {
      if (view.get("reservations", values[0]) !== undefined) return 0;
      saveReservation(view, values);
      return 1;
    },
  },
  "reservation-update": {
    locks: (_, [orderId]: Saved) => [["reservations", orderId]],
    run: (view, values: Saved) => {
      if (view.get("reservations", values[0])?.["status"] !== values[1]) return 0;
      saveReservation(view, values);
      return 1;
    },
  },
  "stock-lock": {
    locks: (_, [skus]: [string[]]) => inOrder(skus),
    run: (view, [skus]: [string[]]) =>
      skus.flatMap((sku) => {
        const stock = view.get("stock", sku) as Stock | undefined;
        return stock === undefined ? [] : [{ sku, free: stock.onHand - stock.reserved }];
      }),
  },
  "stock-move": {
    locks: (_, [skus]: Moved) => inOrder(skus),
    run: (view, values: Moved) => {
      const [skus, kinds, onHandChanges, reservedChanges, orderId] = values;
      return skus.filter((sku, at) =>
        move(view, orderId, {
          sku,
          kind: kinds[at] ?? "reserved",
          onHandChange: onHandChanges[at] ?? 0,
          reservedChange: reservedChanges[at] ?? 0,
        }),
      ).length;
    },
  },
};

function saveReservation(view: View, [orderId, , status, lines, expiresAt, reason]: Saved): void {
  const parsed: unknown = lines === null ? null : JSON.parse(lines);
  view.put("reservations", orderId, { orderId, status, lines: parsed, expiresAt, reason });
}

/** False where the statement's conditions leave the product out. */
function move(view: View, orderId: string | null, movement: StockMovement): boolean {
  const { sku, kind, onHandChange, reservedChange } = movement;
  const stock = view.get("stock", sku) as Stock | undefined;
  if (stock === undefined || stock.onHand - stock.reserved < reservedChange - onHandChange) {
    return false;
  }
  const [onHand, reserved] = [stock.onHand + onHandChange, stock.reserved + reservedChange];
  if (reserved < 0) return false;
  view.put("stock", sku, { sku, onHand, reserved });
  const key = orderId === null ? view.uuid() : `${orderId} ${sku} ${kind}`;
  if (view.get("stock_movements", key) !== undefined) {
    throw new ServerError(
      "23505",
      "duplicate key value violates stock_movements_order_id_sku_kind",
    );
  }
  view.put("stock_movements", key, { sku, kind, orderId, onHandChange, reservedChange });
  return true;
}
