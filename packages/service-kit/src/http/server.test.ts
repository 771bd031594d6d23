import { silentLogger } from "@holdfast/telemetry";
import { describe, expect, test } from "@jest/globals";
import request from "supertest";
import { z } from "zod";
import { createAuthenticate, readApiKeys } from "../api-keys.ts";
import { createReadiness } from "../readiness.ts";
import { defineRoute } from "./route.ts";
import { createHttpServer } from "./server.ts";

const place = defineRoute({
  method: "post",
  path: "/orders/:shop",
  summary: "Place an order",
  auth: ["customer"],
  idempotent: true,
  request: {
    params: z.strictObject({ shop: z.string() }),
    body: z.strictObject({ items: z.array(z.strictObject({ quantity: z.int().min(1).max(999) })) }),
  },
  responses: { 202: { description: "Accepted", schema: z.object({ count: z.int() }) } },
  handle: async ({ body, params, caller }) => ({
    status: 202,
    headers: { Location: `/orders/${params.shop}` },
    body: { count: body.items.length, by: caller.name },
  }),
});

const readiness = createReadiness();
const { app } = createHttpServer({
  service: "order",
  version: "0.1.0",
  host: "127.0.0.1",
  port: 0,
  routes: [place],
  authenticate: createAuthenticate(readApiKeys({ APP_ENV: "demo" })),
  readiness,
  logger: silentLogger,
});

describe("a route", () => {
  test("answers what its handler returns", async () => {
    const answer = await request(app)
      .post("/orders/shop-1")
      .auth("demo-shop", { type: "bearer" })
      .send({ items: [{ quantity: 1 }] });
    expect(answer.status).toBe(202);
    expect(answer.headers["location"]).toBe("/orders/shop-1");
    expect(answer.body).toEqual({ count: 1, by: "demo-shop" });
  });

  test("names every invalid and unknown field by its pointer", async () => {
    const answer = await request(app)
      .post("/orders/shop-1")
      .auth("demo-shop", { type: "bearer" })
      .send({ items: [{ quantity: 0, "a/b": 1 }], extra: true });
    expect(answer.status).toBe(422);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      "/extra",
      "/items/0/a~1b",
      "/items/0/quantity",
    ]);
  });

  test("is in the OpenAPI document with its key, body and idempotency header", async () => {
    const { body } = await request(app).get("/openapi.json");
    const operation = body.paths["/orders/{shop}"].post;
    expect(operation.security).toEqual([{ apiKey: [] }]);
    expect(operation.parameters.map(({ name }: { name: string }) => name)).toEqual([
      "shop",
      "Idempotency-Key",
    ]);
    expect(operation.requestBody.content["application/json"].schema.additionalProperties).toBe(
      false,
    );
  });
});
