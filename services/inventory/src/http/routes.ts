import { type Database, idempotent } from "@holdfast/outbox";
import { defineRoute, freeText, notFound, type Route } from "@holdfast/service-kit";
import { z } from "zod";
import { findStock, lockFreeUnits, moveStock, type StockLevel } from "../store/stock.ts";

const sku = z.string().min(1).max(100);

const Stock = z.object({
  sku,
  onHand: z.int().describe("Units in the warehouse"),
  reserved: z.int().describe("Units set aside for orders"),
  available: z.int().describe("Units that a new order can have"),
});

const Restock = z.strictObject({
  quantity: z.int().min(1).max(1_000_000),
  reason: freeText(),
});

/** GET /stock/:sku and POST /stock/:sku/restock. */
export function inventoryRoutes(database: Database): readonly Route[] {
  return [readStock(database), restock(database)];
}

function readStock(database: Database): Route {
  return defineRoute({
    method: "get",
    path: "/stock/:sku",
    summary: "How many units of a product there are",
    auth: ["customer", "analyst", "admin"],
    request: { params: z.strictObject({ sku }) },
    responses: { 200: { description: "The counts", schema: Stock } },
    handle: async ({ params }) => {
      const level = await findStock(database.read, params.sku);
      if (level === undefined) throw unknownSku();
      return { status: 200, body: stockOf(level) };
    },
  });
}

function restock(database: Database): Route {
  return defineRoute({
    method: "post",
    path: "/stock/:sku/restock",
    summary: "Add units to the stock of a product",
    auth: ["admin"],
    idempotent: true,
    request: { params: z.strictObject({ sku }), body: Restock },
    responses: { 200: { description: "The counts afterwards", schema: Stock } },
    handle: (request) =>
      idempotent(database, request, async (tx) => {
        const { params, body, caller } = request;
        const known = await lockFreeUnits(tx, [params.sku]);
        if (!known.has(params.sku)) throw unknownSku();
        const change = { onHandChange: body.quantity, reservedChange: 0 };
        await moveStock(tx, [{ sku: params.sku, kind: "restocked", ...change }], {
          actor: caller.name,
          note: body.reason,
        });
        const level = (await findStock(tx.query, params.sku)) as StockLevel;
        return { status: 200, body: stockOf(level) };
      }),
  });
}

function stockOf({ sku: of, onHand, reserved }: StockLevel): z.infer<typeof Stock> {
  return { sku: of, onHand, reserved, available: onHand - reserved };
}

const unknownSku = () => notFound("sku_unknown", "There is no such product");
