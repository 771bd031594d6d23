import type { Random } from "./random.ts";

/** A product as GET /products lists it. */
export interface Product {
  readonly sku: string;
  readonly merchantId: string;
  readonly unitPriceMinor: number;
  readonly currency: string;
}

/** What one order holds, and what it costs in minor units of the catalogue's currency. */
export interface Basket {
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
  readonly amountMinor: number;
}

/** The products of one merchant in one currency: all that one order may mix. */
export interface Catalogue {
  readonly currency: string;
  /** A basket that costs from min to max, both included; throws when no product allows it. */
  basketBetween(minMinor: number, maxMinor: number, random: Random): Basket;
}

const maxQuantity = 12;
const shareOfTwoLines = 0.3;

/** Takes the merchant and currency with the most products. Throws when there is none. */
export function createCatalogue(products: readonly Product[]): Catalogue {
  const [largest] = [
    ...Map.groupBy(products, ({ merchantId, currency }) => `${merchantId} ${currency}`).values(),
  ].sort((a, b) => b.length - a.length);
  const [first] = largest ?? [];
  if (largest === undefined || first === undefined) throw new Error("The shop has no products");
  return {
    currency: first.currency,
    basketBetween: (minMinor, maxMinor, random) => {
      const range = { minMinor, maxMinor };
      const two = random.next() < shareOfTwoLines ? twoLines(largest, range, random) : undefined;
      const basket = two ?? oneLine(largest, range, random);
      if (basket !== undefined) return basket;
      throw new Error(`No basket costs from ${minMinor} to ${maxMinor} minor units`);
    },
  };
}

interface PriceRange {
  readonly minMinor: number;
  readonly maxMinor: number;
}

function oneLine(
  products: readonly Product[],
  { minMinor, maxMinor }: PriceRange,
  random: Random,
): Basket | undefined {
  const fitting = products.flatMap(({ sku, unitPriceMinor }) => {
    const fewest = Math.max(1, Math.ceil(minMinor / unitPriceMinor));
    const most = Math.min(maxQuantity, Math.floor(maxMinor / unitPriceMinor));
    return fewest > most ? [] : [{ sku, unitPriceMinor, fewest, most }];
  });
  if (fitting.length === 0) return undefined;
  const { sku, unitPriceMinor, fewest, most } = random.pick(fitting);
  const quantity = random.between(fewest, most);
  return { items: [{ sku, quantity }], amountMinor: quantity * unitPriceMinor };
}

function twoLines(
  products: readonly Product[],
  { minMinor, maxMinor }: PriceRange,
  random: Random,
): Basket | undefined {
  const cheap = products.filter(({ unitPriceMinor }) => unitPriceMinor <= maxMinor / 2);
  if (cheap.length === 0) return undefined;
  const { sku, unitPriceMinor } = random.pick(cheap);
  const others = products.filter((product) => product.sku !== sku);
  const left = { minMinor: minMinor - unitPriceMinor, maxMinor: maxMinor - unitPriceMinor };
  const rest = oneLine(others, left, random);
  if (rest === undefined) return undefined;
  return {
    items: [{ sku, quantity: 1 }, ...rest.items],
    amountMinor: unitPriceMinor + rest.amountMinor,
  };
}
