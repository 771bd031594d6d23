import { type AddressInfo, connect } from "node:net";
import { silentLogger } from "@holdfast/telemetry";
import { afterEach, describe, expect, test } from "@jest/globals";
import request from "supertest";
import { z } from "zod";
import { createAuthenticate, readApiKeys } from "../api-keys.ts";
import { createReadiness } from "../readiness.ts";
import { defineRoute, type Route } from "./route.ts";
import { createHttpServer, type HttpServer, type HttpServerOptions } from "./server.ts";

const place = defineRoute({
  method: "post",
  path: "/shops/:shop/orders",
  summary: "Place an order",
  auth: ["customer"],
  idempotent: true,
  request: {
    params: z.strictObject({ shop: z.string().max(10) }),
    query: z.strictObject({ dryRun: z.stringbool().optional() }),
    body: z.strictObject({
      items: z.array(z.strictObject({ quantity: z.int().min(1).max(999) })).min(1),
    }),
  },
  responses: { 202: { description: "Accepted", schema: z.object({ count: z.int() }) } },
  handle: async ({ body, params, query, caller }) => ({
    status: 202,
    headers: { Location: `/orders/${params.shop}` },
    body: { count: body.items.length, by: caller.name, dryRun: query.dryRun },
  }),
});

const read = defineRoute({
  method: "get",
  path: "/secrets",
  summary: "Read",
  auth: ["analyst"],
  responses: { 200: { description: "Read" } },
  handle: async () => {
    throw new Error("connect postgres://user:hunter2@db failed");
  },
});

const open = defineRoute({
  method: "get",
  path: "/open",
  summary: "Open to all",
  auth: "public",
  responses: { 204: { description: "Nothing" } },
  handle: async () => ({ status: 204 }),
});

const started: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

function serve(routes: readonly Route[], options: Partial<HttpServerOptions> = {}): HttpServer {
  const server = createHttpServer({
    service: "order",
    version: "1.2.3",
    host: "127.0.0.1",
    port: 0,
    routes,
    authenticate: createAuthenticate(readApiKeys({ APP_ENV: "demo" })),
    readiness: createReadiness(),
    logger: silentLogger,
    ...options,
  });
  started.push(server);
  return server;
}

const { app } = serve([place, read, open]);
const valid = { items: [{ quantity: 1 }] };
const post = (body: string | object, path = "/shops/s1/orders") =>
  request(app).post(path).auth("demo-shop", { type: "bearer" }).type("json").send(body);

describe("a route", () => {
  test("answers what its handler returns", async () => {
    const answer = await post(valid, "/shops/s1/orders?dryRun=true");
    expect(answer.status).toBe(202);
    expect(answer.headers["location"]).toBe("/orders/s1");
    expect(answer.body).toEqual({ count: 1, by: "demo-shop", dryRun: true });
  });

  test("names every invalid and unknown field by its pointer", async () => {
    const answer = await post({ items: [{ quantity: 0, "a/b": 1 }], extra: true });
    expect(answer.status).toBe(422);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer);
    expect(pointers.sort()).toEqual(["/extra", "/items/0/a~1b", "/items/0/quantity"]);
  });

  test("refuses what is wrong in path and query with 400", async () => {
    const answer = await post(valid, "/shops/much-too-long/orders?dryRun=perhaps&other=1");
    expect(answer.status).toBe(400);
    const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer);
    expect(pointers.sort()).toEqual(["/path/shop", "/query/dryRun", "/query/other"]);
  });
});

describe("a refusal", () => {
  const shop = { authorization: "Bearer demo-shop", "content-type": "application/json" };
  test.each([
    ["malformed JSON", { body: '{"items":' }, 400, "malformed_json"],
    ["no body", { body: "" }, 422, "invalid_request"],
    ["a body that is no object", { body: "[]" }, 422, "invalid_request"],
    [
      "a prototype in JSON",
      { body: '{"__proto__":{"x":1},"items":[{"quantity":1}]}' },
      422,
      "invalid_request",
    ],
    ["JSON 10,000 deep", { body: "[".repeat(10_000) + "]".repeat(10_000) }, 422, "invalid_request"],
    ["a body over 64 KiB", { body: `"${"x".repeat(65_537)}"` }, 413, "body_too_large"],
    ["another media type", { type: "text/plain", body: "x" }, 415, "unsupported_media_type"],
    ["a strange encoding", { encoding: "zstd", body: "x" }, 415, "unsupported_encoding"],
    ["no key", { key: "" }, 401, "unauthenticated"],
    ["a wrong key", { key: "Bearer demo-shopp" }, 401, "unauthenticated"],
    ["another scheme", { key: "Basic demo-shop" }, 401, "unauthenticated"],
    ["the wrong scope", { key: "Bearer demo-analyst" }, 403, "forbidden"],
    ["an unknown path", { path: "/nowhere" }, 404, "route_not_found"],
    ["a malformed path", { path: "/shops/%E0%A4%A/orders" }, 400, "malformed_path"],
  ])("of %s is problem+json with status and code", async (...row) => {
    const [, sent, status, code] = row;
    const { body, path, key, type, encoding } = {
      body: JSON.stringify(valid),
      path: "/shops/s1/orders",
      key: shop.authorization,
      type: shop["content-type"],
      encoding: "identity",
      ...sent,
    };
    const attempt = request(app).post(path).set("Authorization", key).set("Content-Type", type);
    const answer = await attempt.set("Content-Encoding", encoding).send(body);
    expect([answer.status, answer.body.status, answer.body.code]).toEqual([status, status, code]);
    expect(answer.headers["content-type"]).toBe("application/problem+json; charset=utf-8");
    expect(answer.headers["www-authenticate"]).toBe(
      status === 401 ? 'Bearer realm="holdfast"' : undefined,
    );
  });

  test("points at what is refused: a header, or the body as a whole", async () => {
    const keyless = await request(app).post("/shops/s1/orders").send(valid);
    expect(keyless.body.errors).toMatchObject([{ pointer: "/header/authorization" }]);
    const large = await request(app)
      .post("/shops/s1/orders")
      .set(shop)
      .send(`"${"x".repeat(65_537)}"`);
    expect(large.body.errors).toMatchObject([{ pointer: "" }]);
  });

  test("of a method names those that are allowed", async () => {
    const answer = await request(app).delete("/shops/s1/orders");
    expect([answer.status, answer.body.code]).toEqual([405, "method_not_allowed"]);
    expect(answer.headers["allow"]).toBe("POST");
  });

  test("after an unexpected error says nothing of its cause", async () => {
    const answer = await request(app).get("/secrets").auth("demo-analyst", { type: "bearer" });
    expect(answer.body).toEqual({
      type: "urn:holdfast:problem:internal_error",
      title: "Something went wrong on our side",
      status: 500,
      code: "internal_error",
    });
  });

  test("follows when a caller sends too much, with the time to come back", async () => {
    const { app: limited } = serve([open, place], { rateLimit: { limit: 2, windowMs: 60_000 } });
    for (const status of [204, 204, 429]) {
      const answer = await request(limited).get("/open");
      expect(answer.status).toBe(status);
      if (status === 429) expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    }
    const other = request(limited).post("/shops/s1/orders").auth("demo-shop", { type: "bearer" });
    expect((await other.send(valid)).status).toBe(202);
  });

  test("follows when an address guesses keys, without hindering known callers behind it", async () => {
    const { app: guessed } = serve([place], { rateLimit: { limit: 2, windowMs: 60_000 } });
    const attempt = (key: string) =>
      request(guessed).post("/shops/s1/orders").auth(key, { type: "bearer" }).send(valid);
    for (const status of [401, 401, 429]) expect((await attempt("guess")).status).toBe(status);
    expect((await attempt("demo-shop")).status).toBe(202);
  });
});

describe("every server", () => {
  test("is ready when started and every check passes, and says which does not", async () => {
    const readiness = createReadiness();
    let broken = false;
    readiness.add("database", () => {
      if (broken) throw new Error("no answer");
      return "12 ms";
    });
    const { app: watched } = serve([], { readiness });
    expect((await request(watched).get("/readyz")).status).toBe(503);
    readiness.markStarted();
    const ready = await request(watched).get("/readyz");
    expect([ready.status, ready.body.checks.database]).toEqual([
      200,
      { ok: true, detail: "12 ms" },
    ]);
    broken = true;
    const unready = await request(watched).get("/readyz");
    const { ready: flag, checks } = unready.body;
    expect([unready.status, flag, checks.database]).toEqual([
      503,
      false,
      { ok: false, detail: "no answer" },
    ]);
    broken = false;
    readiness.markStopping();
    expect((await request(watched).get("/readyz")).status).toBe(503);
    expect((await request(watched).get("/livez")).status).toBe(200);
  });

  test("tells its version and its metrics", async () => {
    const version = await request(app).get("/version");
    expect(version.body).toMatchObject({ service: "order", version: "1.2.3" });
    await post(valid);
    const { text } = await request(app).get("/metrics");
    expect(text).toContain('route="/shops/:shop/orders"');
    expect(text).not.toContain("/shops/s1");
  });

  test("documents its routes in OpenAPI 3.1", async () => {
    const { body } = await request(app).get("/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    const operation = body.paths["/shops/{shop}/orders"].post;
    expect(operation.security).toEqual([{ apiKey: [] }]);
    const names = operation.parameters.map(({ name }: { name: string }) => name);
    expect(names).toEqual(["shop", "dryRun", "Idempotency-Key"]);
    const { schema } = operation.requestBody.content["application/json"];
    expect(schema.additionalProperties).toBe(false);
    expect(body.paths["/open"].get.security).toBeUndefined();
  });

  test("shows them at /docs without a script in the page", async () => {
    const page = await request(app).get("/docs");
    expect(page.status).toBe(200);
    expect(page.headers["content-security-policy"]).toContain("script-src 'self';");
    const scripts = [...page.text.matchAll(/<script(?<attributes>[^>]*)>(?<text>[^<]*)/g)];
    expect(scripts.map(({ groups }) => groups?.["text"])).toEqual(["", ""]);
    const sources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path);
    for (const source of sources) {
      expect([source, (await request(app).get(`/${source}`)).status]).toEqual([source, 200]);
    }
  });

  test("answers the requests that run before it has stopped, and takes no more", async () => {
    const begun = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const slow = defineRoute({
      method: "get",
      path: "/slow",
      summary: "Takes its time",
      auth: "public",
      responses: { 200: { description: "Done" } },
      handle: async () => {
        begun.resolve();
        await mayEnd.promise;
        return { status: 200, body: "done" };
      },
    });
    const server = serve([slow]);
    await server.start();
    const url = `http://127.0.0.1:${server.port()}/slow`;
    const answer = fetch(url);
    await begun.promise;
    const stopped = server.stop();
    await expect(fetch(url)).rejects.toThrow();
    mayEnd.resolve();
    expect(await (await answer).json()).toBe("done");
    await stopped;
  });

  test("closes the connection of a body that it will not read", async () => {
    const server = serve([place]);
    await server.start();
    const socket = connect({
      host: "127.0.0.1",
      port: server.port(),
    } satisfies Partial<AddressInfo> & {
      host: string;
    });
    socket.write(
      "POST /shops/s1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer demo-shop\r\n" +
        "Content-Type: application/json\r\nContent-Length: 10485760\r\n\r\n{",
    );
    let answer = "";
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toContain("HTTP/1.1 413");
    expect(answer).toContain("Connection: close");
  });
});
