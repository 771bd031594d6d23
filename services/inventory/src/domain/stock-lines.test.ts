import { expect, test } from "@jest/globals";
import { stockLinesOf } from "./stock-lines.ts";

test("a product named twice becomes one line, and lines ascend by sku", () => {
  const items = [
    { sku: "b", quantity: 1 },
    { sku: "B", quantity: 4 },
    { sku: "a", quantity: 2 },
    { sku: "b", quantity: 3 },
  ];
  expect(stockLinesOf(items)).toEqual([
    { sku: "B", quantity: 4 },
    { sku: "a", quantity: 2 },
    { sku: "b", quantity: 4 },
  ]);
});
