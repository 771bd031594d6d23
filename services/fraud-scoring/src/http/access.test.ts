import { deadLetterRoutes } from "@holdfast/service-kit";
import { accessOf } from "@holdfast/testkit";
import { expect, test } from "@jest/globals";
import { fraudScoringRoutes } from "./routes.ts";

// The routes' own work is not done here, so they need nothing to do it with.
const routes = [...fraudScoringRoutes({} as never), ...deadLetterRoutes({} as never)];

test("each route lets in the scopes that it is for, and no others", async () => {
  expect(await accessOf(routes)).toEqual({
    "GET /cards/:fingerprint": ["analyst", "admin"],
    "GET /decisions/:decisionId": ["analyst", "admin"],
    "GET /rules": ["analyst", "admin"],
    "POST /transactions:score": ["customer", "admin"],
    "GET /admin/dead-letters": ["admin"],
    "GET /admin/dead-letters/:topic/:partition/:offset": ["admin"],
    "POST /admin/dead-letters/redrive": ["admin"],
    "POST /admin/dead-letters/discard": ["admin"],
    "GET /admin/dead-letter-actions": ["admin"],
  });
});
