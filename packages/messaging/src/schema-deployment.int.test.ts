import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { schemas } from "@holdfast/contracts";
import { silentLogger } from "@holdfast/telemetry";
import { testStack } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createCodec } from "./codec.ts";
import { RegistryUnavailable } from "./registry.ts";
import { checkSchemas, registerSchemas, SchemaRefused, schemaText } from "./schema-deployment.ts";
import { uniqueName } from "./system.ts";
import { orderPlaced } from "./testing/test-records.ts";

const registryUrl = testStack().schemaRegistryUrl;
const subject = uniqueName("test");
const first = schemaText("OrderPlaced");
const cacheDir = mkdtempSync(join(tmpdir(), "schemas-"));

const withField = (field: object) =>
  JSON.stringify({ ...schemas.OrderPlaced, fields: [...schemas.OrderPlaced.fields, field] });
const optional = withField({ name: "note", type: ["null", "string"], default: null });
const required = withField({ name: "note", type: "string" });

beforeAll(() => registerSchemas(registryUrl));
afterAll(async () => {
  rmSync(cacheDir, { recursive: true });
  await fetch(`${registryUrl}/subjects/${subject}`, { method: "DELETE" });
});

describe("deploying schemas", () => {
  test("a new subject conflicts with nothing, and registering twice is registering once", async () => {
    expect(await checkSchemas(registryUrl, [{ subject, schema: first }])).toEqual([]);
    const [once] = await registerSchemas(registryUrl, [{ subject, schema: first }]);
    const [twice] = await registerSchemas(registryUrl, [{ subject, schema: first }]);
    expect(twice).toEqual(once);
  });

  test("a compatible version is taken, and every version is compared", async () => {
    expect(await checkSchemas(registryUrl, [{ subject, schema: optional }])).toEqual([]);
    await registerSchemas(registryUrl, [{ subject, schema: optional }]);
    const conflicts = await checkSchemas(registryUrl, [{ subject, schema: required }]);
    expect(conflicts.map(({ version }) => version)).toEqual([1, 2]);
  });

  test("an incompatible version is refused by name", async () => {
    const refused = registerSchemas(registryUrl, [{ subject, schema: required }]);
    await expect(refused).rejects.toThrow(SchemaRefused);
    await expect(refused).rejects.toThrow(subject);
  });
});

describe("a codec", () => {
  test("looks up what was deployed, and starts without the registry afterwards", async () => {
    const options = { cacheDir, topics: ["orders"], logger: silentLogger } as const;
    const online = await createCodec({ ...options, registryUrl });
    const framed = online.encode("orders", "OrderPlaced", orderPlaced);
    const nobody = "http://127.0.0.1:1/apis/ccompat/v7";
    const offline = await createCodec({ ...options, registryUrl: nobody });
    expect(offline.decode("orders", framed)).toMatchObject({ event: orderPlaced });
    expect(offline.encode("orders", "OrderPlaced", orderPlaced)).toEqual(framed);
    const unprepared = createCodec({ ...options, topics: ["stock"], registryUrl: nobody });
    await expect(unprepared).rejects.toThrow(RegistryUnavailable);
  });
});
