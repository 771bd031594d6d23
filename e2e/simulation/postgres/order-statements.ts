import type { Row } from "./engine.ts";
import type { StatementTable } from "./statement-table.ts";

type Inserted = [
  orderId: string,
  customerId: string,
  merchantId: string,
  paymentMethodId: string,
  currency: string,
  totalMinor: number,
  status: string,
  saga: string,
  stock: string,
  payment: string,
  at: Date,
  skus: string[],
  quantities: number[],
  unitPrices: number[],
];

/** order's own tables: orders with their lines and what the customer was told, customers, products. */
export const orderStatements: StatementTable = {
  "customer-exists": {
    run: (view, [customerId]: [string]) => (view.get("customers", customerId) ? 1 : 0),
  },
  "products-find": {
    run: (view, [skus]: [string[]]) => skus.flatMap((sku) => one(view.get("products", sku))),
  },
  "order-insert": {
    run: (view, values: Inserted) => {
      const [orderId, customerId, , , currency, totalMinor, status, saga, stock, payment] = values;
      const [at, skus, quantities, unitPrices] = values.slice(10) as [
        Date,
        string[],
        number[],
        number[],
      ];
      const items = skus.map((sku, line) => ({
        sku,
        quantity: quantities[line],
        unitPriceMinor: unitPrices[line],
      }));
      const progress = { saga, stock, payment, paymentId: null, cancellationReason: null };
      const order = { orderId, customerId, currency, totalMinor, status, items, ...progress };
      view.put("orders", orderId, { ...order, createdAt: at, updatedAt: at });
      view.put("order_status_events", orderId, { statuses: [status] });
      return skus.length;
    },
  },
  "order-lock": {
    locks: (_, [orderId]: [string]) => [["orders", orderId]],
    run: (view, [orderId]: [string]) => one(view.get("orders", orderId)),
  },
  "order-find": {
    run: (view, [orderId]: [string]) => one(view.get("orders", orderId)),
  },
  "order-save": {
    locks: (_, [orderId]: [string]) => [["orders", orderId]],
    run: (view, values: [string, string, string, string, string, string, string, Date]) => {
      const [orderId, status, saga, stock, payment, paymentId, cancellationReason, at] = values;
      const order = view.get("orders", orderId);
      if (order === undefined) return 0;
      const progress = { status, saga, stock, payment, paymentId, cancellationReason };
      view.put("orders", orderId, { ...order, ...progress, updatedAt: at });
      return 1;
    },
  },
  "status-append": {
    run: (view, [orderId, status]: [string, string]) => {
      const told = (view.get("order_status_events", orderId)?.["statuses"] ?? []) as string[];
      view.put("order_status_events", orderId, { statuses: [...told, status] });
      return 1;
    },
  },
};

function one(row: Row | undefined): Row[] {
  return row === undefined ? [] : [row];
}
