import { readFileSync } from "node:fs";
import { join } from "node:path";
import { withDatabase } from "@holdfast/testkit";
import { type Random, testCard } from "@holdfast/traffic";
import type { Suite } from "../command/suite.ts";
import { root } from "../stack/settings.ts";
import { call, textOf } from "./http.ts";

/** A card on file, its owner, and the number that must never be seen again. */
export interface CardOnFile {
  readonly customerId: string;
  readonly paymentMethodId: string;
  readonly number: string;
}

/** Products by how many there are and what they cost. */
export interface Shelf {
  readonly scarce: readonly string[];
  readonly plentiful: readonly string[];
  readonly dear: readonly string[];
  /** Units before the first sale, by product. */
  readonly initialStock: ReadonlyMap<string, number>;
}

interface Product {
  readonly sku: string;
  readonly name: string;
  readonly merchantId: string;
  readonly unitPriceMinor: number;
  readonly currency: string;
  readonly onHand: number;
}

const scarceProducts = 20;
const registeredAtOnce = 20;
const merchantId = "merchant_demo_001";

/** Adds twenty scarce products to the demo's catalogue, by the statements that seed it. */
export async function stockShelf(suite: Suite): Promise<Shelf> {
  const scarce = Array.from({ length: scarceProducts }, (_, index): Product => {
    const sku = `SKU-SCARCE-${String(index + 1).padStart(2, "0")}`;
    const unitPriceMinor = 500 + 250 * index;
    return { sku, name: sku, merchantId, unitPriceMinor, currency: "USD", onHand: 15 + index };
  });
  const catalogue = JSON.stringify({ products: scarce, customers: [] });
  for (const database of ["order", "inventory"]) {
    const sql = readFileSync(join(root, "services", database, "seed.sql"), "utf8");
    await withDatabase(suite.postgresAdminUrl, database, async (rows) => {
      for (const statement of sql.split(/;\s*$/m).filter((text) => text.trim() !== "")) {
        await rows(statement, [catalogue]);
      }
    });
  }
  const seeded = JSON.parse(readFileSync(join(root, "infra/seed/catalogue.json"), "utf8")) as {
    products: Product[];
  };
  const plenty = seeded.products.filter((p) => p.merchantId === merchantId && p.onHand > 1_000);
  const skus = (from: number, to: number) =>
    plenty.filter((p) => p.unitPriceMinor >= from && p.unitPriceMinor < to).map(({ sku }) => sku);
  return {
    scarce: scarce.map(({ sku }) => sku),
    plentiful: skus(500, 4_000),
    dear: skus(10_100, 25_000),
    initialStock: new Map([...seeded.products, ...scarce].map(({ sku, onHand }) => [sku, onHand])),
  };
}

/** Registers `count` cards, one a customer, with numbers that nobody has used. */
export async function registerCards(
  suite: Suite,
  random: Random,
  count: number,
): Promise<CardOnFile[]> {
  const register = async (index: number): Promise<CardOnFile> => {
    const customerId = `cust_demo_${String((index % 50) + 1).padStart(3, "0")}`;
    const card = testCard(random, 2031);
    const { status, body } = await call({
      method: "POST",
      url: `${suite.url("payment")}/payment-methods`,
      apiKey: "demo-shop",
      body: { customerId, card },
    });
    if (status !== 201) throw new Error(`a card was refused with ${status}`);
    return { customerId, paymentMethodId: textOf(body, "paymentMethodId"), number: card.number };
  };
  const cards: CardOnFile[] = [];
  while (cards.length < count) {
    const indexes = range(cards.length, Math.min(count, cards.length + registeredAtOnce));
    cards.push(...(await Promise.all(indexes.map(register))));
  }
  return cards;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
