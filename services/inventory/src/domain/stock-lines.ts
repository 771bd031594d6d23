import type { StockItem } from "@holdfast/contracts";

/** Units per product: one entry a product, ascending by sku, each quantity at least 1. */
export type StockLines = readonly StockItem[];

/** Adds up the lines of an order per product, so that a product named twice is reserved once. */
export function stockLinesOf(items: readonly StockItem[]): StockLines {
  const units = new Map<string, number>();
  for (const { sku, quantity } of items) units.set(sku, (units.get(sku) ?? 0) + quantity);
  return [...units]
    .map(([sku, quantity]) => ({ sku, quantity }))
    .sort((a, b) => (a.sku < b.sku ? -1 : 1));
}
