import { deadLetterRoutes } from "@holdfast/service-kit";
import { accessOf } from "@holdfast/testkit";
import { expect, test } from "@jest/globals";
import { createRoutes } from "./routes.ts";

// The routes' own work is not done here, so they need nothing to do it with.
const routes = [...createRoutes({} as never), ...deadLetterRoutes({} as never)];

test("each route lets in the scopes that it is for, and no others", async () => {
  expect(await accessOf(routes)).toEqual({
    "GET /products": ["customer"],
    "POST /orders": ["customer"],
    "GET /orders/:orderId": ["customer"],
    "GET /orders/:orderId/events": ["customer"],
    "POST /orders/:orderId/cancel": ["customer"],
    "GET /admin/dead-letters": ["admin"],
    "GET /admin/dead-letters/:topic/:partition/:offset": ["admin"],
    "POST /admin/dead-letters/redrive": ["admin"],
    "POST /admin/dead-letters/discard": ["admin"],
    "GET /admin/dead-letter-actions": ["admin"],
  });
});
