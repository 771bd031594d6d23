import { describe, expect, test } from "@jest/globals";
import { type Cart, type Product, priceOrder } from "./price-order.ts";

const products = new Map(
  [
    product("tea", { unitPriceMinor: 300 }),
    product("mug", { unitPriceMinor: 1250 }),
    product("lamp", { merchantId: "other-merchant" }),
    product("scarf", { currency: "EUR" }),
  ].map((each) => [each.sku, each]),
);

const catalogue = { products, currencies: new Set(["USD", "EUR"]) };

describe("a cart is priced by the catalogue", () => {
  test("line by line, with a total", () => {
    expect(priceOrder(cart(["tea", 2], ["mug", 1]), catalogue)).toEqual({
      merchantId: "merchant",
      currency: "USD",
      lines: [
        { sku: "tea", quantity: 2, unitPriceMinor: 300 },
        { sku: "mug", quantity: 1, unitPriceMinor: 1250 },
      ],
      totalMinor: 1850,
    });
  });

  test("with lines of one product made one", () => {
    expect(priceOrder(cart(["tea", 2], ["mug", 1], ["tea", 3]), catalogue)).toMatchObject({
      lines: [
        { sku: "tea", quantity: 5 },
        { sku: "mug", quantity: 1 },
      ],
      totalMinor: 2750,
    });
  });
});

describe("a cart is refused", () => {
  const cases: [string, Cart, [pointer: string, code: string][]][] = [
    ["an unknown product", cart(["tea", 1], ["none", 1]), [["/items/1/sku", "unknown_sku"]]],
    ["nothing but unknown products", cart(["none", 1]), [["/items/0/sku", "unknown_sku"]]],
    ["two merchants", cart(["tea", 1], ["lamp", 1]), [["/items/1/sku", "several_merchants"]]],
    ["another currency", cart(["scarf", 1], ["scarf", 1]), [["/currency", "wrong_currency"]]],
    [
      "a currency that nobody converts",
      { ...cart(["tea", 1]), currency: "ZZZ" },
      [["/currency", "unknown_currency"]],
    ],
    [
      "too many units over several lines",
      cart(["tea", 999], ["tea", 1]),
      [["/items/1/quantity", "quantity_too_large"]],
    ],
    [
      "everything at once",
      cart(["none", 1], ["scarf", 1], ["lamp", 1]),
      [
        ["/items/0/sku", "unknown_sku"],
        ["/currency", "wrong_currency"],
        ["/items/2/sku", "several_merchants"],
      ],
    ],
  ];
  test.each(cases)("for %s", (_name, refused, expected) => {
    const result = priceOrder(refused, catalogue);
    if (!("violations" in result)) throw new Error("priced");
    expect(result.violations.map(({ pointer, code }) => [pointer, code])).toEqual(expected);
  });
});

function cart(...items: [sku: string, quantity: number][]): Cart {
  return { currency: "USD", items: items.map(([sku, quantity]) => ({ sku, quantity })) };
}

function product(sku: string, changes: Partial<Product>): Product {
  return {
    sku,
    name: sku,
    merchantId: "merchant",
    unitPriceMinor: 100,
    currency: "USD",
    ...changes,
  };
}
