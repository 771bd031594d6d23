import { deadLetterRoutes } from "@holdfast/service-kit";
import { accessOf } from "@holdfast/testkit";
import { expect, test } from "@jest/globals";
import { paymentRoutes } from "./routes.ts";

// The routes' own work is not done here, so they need nothing to do it with.
const routes = [...paymentRoutes({} as never), ...deadLetterRoutes({} as never)];

test("each route lets in the scopes that it is for, and no others", async () => {
  expect(await accessOf(routes)).toEqual({
    "POST /payment-methods": ["customer"],
    "GET /payment-methods/:paymentMethodId": ["customer"],
    "GET /payments": ["analyst"],
    "GET /payments/:paymentId": ["customer", "analyst"],
    "POST /payments/:paymentId/review": ["analyst"],
    "POST /payments/:paymentId/refunds": ["analyst", "admin"],
    "GET /ledger/balances": ["analyst", "admin"],
    "GET /admin/rules": ["admin"],
    "POST /admin/rules/:ruleId/demote": ["admin"],
    "POST /admin/rules/:ruleId/restore": ["admin"],
    "GET /admin/dead-letters": ["admin"],
    "GET /admin/dead-letters/:topic/:partition/:offset": ["admin"],
    "POST /admin/dead-letters/redrive": ["admin"],
    "POST /admin/dead-letters/discard": ["admin"],
    "GET /admin/dead-letter-actions": ["admin"],
  });
});
