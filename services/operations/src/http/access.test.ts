import { accessOf } from "@holdfast/testkit";
import { expect, test } from "@jest/globals";
import { routes } from "./routes.ts";

test("each route lets in the scopes that it is for, and no others", async () => {
  expect(await accessOf(routes({} as never))).toEqual({ "GET /status": ["analyst", "admin"] });
});
