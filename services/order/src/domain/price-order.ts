/** A product as it is sold now. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly merchantId: string;
  readonly unitPriceMinor: number;
  readonly currency: string;
}

/** What there is to buy, and what can be paid in. */
export interface Catalogue {
  /** By sku. */
  readonly products: ReadonlyMap<string, Product>;
  /** ISO 4217 codes that payment can convert. */
  readonly currencies: ReadonlySet<string>;
}

/** What a customer asks for. */
export interface Cart {
  /** ISO 4217 code that the customer expects to pay in. */
  readonly currency: string;
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
}

/** One line of an order: `unitPriceMinor` in minor units of the order's currency. */
export interface OrderLine {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
}

/** What an order is about; fixed when it is placed. */
export interface PricedCart {
  readonly merchantId: string;
  readonly currency: string;
  readonly lines: readonly OrderLine[];
  /** Sum of all lines in minor units of `currency`. */
  readonly totalMinor: number;
}

/** What is wrong with a cart: a JSON pointer into the request, a code and words. */
export interface Violation {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** Units of one product that one order may hold. */
export const maxQuantity = 999;

/**
 * Prices a cart by the products as they are sold now: a price never comes from the customer. Lines of
 * the same product become one, in order of first mention. Returns every violation when there is one.
 */
export function priceOrder(
  cart: Cart,
  { products, currencies }: Catalogue,
): PricedCart | { readonly violations: readonly Violation[] } {
  const [firstKnown] = cart.items.flatMap(({ sku }) => products.get(sku) ?? []);
  const lines = new Map<string, OrderLine>();
  const violations: Violation[] = currencies.has(cart.currency) ? [] : [unknownCurrency];
  for (const [index, { sku, quantity }] of cart.items.entries()) {
    const product = products.get(sku);
    const ordered = (lines.get(sku)?.quantity ?? 0) + quantity;
    violations.push(...lineViolations(`/items/${index}`, { product, ordered, firstKnown }));
    if (product === undefined) continue;
    lines.set(sku, { sku, quantity: ordered, unitPriceMinor: product.unitPriceMinor });
    if (product.currency !== cart.currency) violations.push(wrongCurrency(product));
  }
  if (violations.length > 0 || firstKnown === undefined) {
    return { violations: distinctByPointer(violations) };
  }
  return {
    merchantId: firstKnown.merchantId,
    currency: cart.currency,
    lines: [...lines.values()],
    totalMinor: total([...lines.values()]),
  };
}

function total(lines: readonly OrderLine[]): number {
  return lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0);
}

interface Line {
  readonly product: Product | undefined;
  /** Units of this product in the cart up to and including this line. */
  readonly ordered: number;
  /** The product whose merchant the whole order must share. */
  readonly firstKnown: Product | undefined;
}

function* lineViolations(
  pointer: string,
  { product, ordered, firstKnown }: Line,
): Generator<Violation> {
  if (product === undefined) {
    yield { pointer: `${pointer}/sku`, code: "unknown_sku", message: "No such product" };
    return;
  }
  if (product.merchantId !== firstKnown?.merchantId) {
    const message = "One order holds products of one merchant";
    yield { pointer: `${pointer}/sku`, code: "several_merchants", message };
  }
  if (ordered > maxQuantity) {
    const message = `At most ${maxQuantity} units of one product`;
    yield { pointer: `${pointer}/quantity`, code: "quantity_too_large", message };
  }
}

const unknownCurrency: Violation = {
  pointer: "/currency",
  code: "unknown_currency",
  message: "Not a currency that can be paid in",
};

function wrongCurrency({ sku, currency }: Product): Violation {
  const message = `${sku} is sold in ${currency}`;
  return { pointer: "/currency", code: "wrong_currency", message };
}

function distinctByPointer(violations: readonly Violation[]): Violation[] {
  return [
    ...new Map(violations.toReversed().map((each) => [each.pointer, each])).values(),
  ].toReversed();
}
