import type { Database } from "@holdfast/outbox";
import { defineRoute, type Route } from "@holdfast/service-kit";
import { imbalances, readBalances } from "../store/ledger.ts";
import { LedgerBalances } from "./schemas.ts";

/** GET /ledger/balances. */
export function readLedgerBalances({ database }: { database: Database }): Route {
  return defineRoute({
    method: "get",
    path: "/ledger/balances",
    summary: "What each account of the ledger holds; the sums per currency are zero",
    auth: ["analyst", "admin"],
    responses: { 200: { description: "The balances", schema: LedgerBalances } },
    handle: async () => {
      const balances = await readBalances(database.read);
      return { status: 200, body: { balances, imbalances: imbalances(balances) } };
    },
  });
}
