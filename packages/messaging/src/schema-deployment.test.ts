import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { registerSchemas, SchemaRefused } from "./schema-deployment.ts";

/** Takes every request and answers none. */
const silent = createServer();

beforeAll(async () => {
  await once(silent.listen(0, "127.0.0.1"), "listening");
});

afterAll(() => {
  silent.closeAllConnections();
  silent.close();
});

test("a registry that takes a request and never answers ends the registration", async () => {
  const { port } = silent.address() as AddressInfo;
  const list = [{ subject: "orders-OrderPlaced", schema: '"string"' }];
  const registering = registerSchemas(`http://127.0.0.1:${port}`, list, 50);
  await expect(registering).rejects.toThrow(SchemaRefused);
});
