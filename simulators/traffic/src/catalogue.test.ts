import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createCatalogue } from "./catalogue.ts";
import { createRandom } from "./random.ts";

const product = (sku: string, unitPriceMinor: number) => ({
  sku,
  unitPriceMinor,
  merchantId: "m1",
  currency: "USD",
});
const products = [
  product("TEA", 300),
  product("MUG", 1_250),
  product("LAMP", 2_400),
  product("SOFA", 200_000),
  { ...product("FOREIGN", 100), merchantId: "m2", currency: "EUR" },
];
const prices = new Map(products.map(({ sku, unitPriceMinor }) => [sku, unitPriceMinor]));
const catalogue = createCatalogue(products);

describe("a basket", () => {
  test("costs what it says, within the range, of one merchant, each product once", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 300, max: 10_000 }), (seed, minMinor) => {
        const maxMinor = 2 * minMinor + 300;
        const { items, amountMinor } = catalogue.basketBetween(
          minMinor,
          maxMinor,
          createRandom(seed),
        );
        expect(amountMinor).toBeGreaterThanOrEqual(minMinor);
        expect(amountMinor).toBeLessThanOrEqual(maxMinor);
        const sum = items.reduce(
          (total, { sku, quantity }) => total + quantity * (prices.get(sku) ?? 0),
          0,
        );
        expect(sum).toBe(amountMinor);
        expect(new Set(items.map(({ sku }) => sku)).size).toBe(items.length);
        expect(items.map(({ sku }) => sku)).not.toContain("FOREIGN");
      }),
    );
  });

  test("sometimes holds two products", () => {
    const sizes = Array.from(
      { length: 50 },
      (_, n) => catalogue.basketBetween(1_000, 9_000, createRandom(`${n}`)).items.length,
    );
    expect(new Set(sizes)).toEqual(new Set([1, 2]));
  });

  test("that nothing can fill is an error that names the range", () => {
    const impossible = () => catalogue.basketBetween(1, 200, createRandom("1"));
    expect(impossible).toThrow("No basket costs from 1 to 200 minor units");
  });
});

test("a shop without products is an error", () => {
  expect(() => createCatalogue([])).toThrow("The shop has no products");
});
