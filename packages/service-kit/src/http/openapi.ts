import {
  OpenAPIRegistry,
  OpenApiGeneratorV31,
  type ResponseConfig,
} from "@asteasolutions/zod-to-openapi";
import { z } from "zod";
import type { ResponseDoc, Route } from "./route.ts";

/** An OpenAPI 3.1 document, ready for JSON. */
export type OpenApiDocument = ReturnType<OpenApiGeneratorV31["generateDocument"]>;

/** The name and version in the document's head. */
export interface ApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

// Raw, not zod: naming a zod schema would need the library's patch of zod itself.
const problemSchema: Parameters<typeof OpenAPIRegistry.prototype.registerComponent<"schemas">>[2] =
  {
    type: "object",
    required: ["type", "title", "status", "code"],
    properties: {
      type: { type: "string", format: "uri" },
      title: { type: "string" },
      status: { type: "integer" },
      code: { type: "string", description: "Stable and machine-readable" },
      detail: { type: "string" },
      trace_id: { type: "string" },
      errors: {
        type: "array",
        items: {
          type: "object",
          required: ["pointer", "message"],
          properties: { pointer: { type: "string" }, message: { type: "string" } },
        },
      },
    },
  };

/** Generates the document from the routes' schemas. */
export function openApiDocument(info: ApiInfo, routes: readonly Route[]): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  const problem = registry.registerComponent("schemas", "Problem", problemSchema);
  const bearer = registry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    description: "An API key: `Authorization: Bearer <key>`",
  });
  for (const route of routes) {
    registry.registerPath({
      method: route.method,
      path: route.path.replaceAll(/\/:(\w+)/g, "/{$1}"),
      summary: route.summary,
      description: describe(route),
      ...(route.auth === "public" ? {} : { security: [{ [bearer.name]: [] }] }),
      request: requestOf(route),
      responses: {
        ...Object.fromEntries(
          Object.entries(route.responses).map(([status, doc]) => [status, responseOf(doc)]),
        ),
        default: {
          description: "Any problem, as RFC 9457 describes it",
          content: { "application/problem+json": { schema: problem.ref } },
        },
      },
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: { ...info, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
  });
}

function describe(route: Route): string {
  const scopes =
    route.auth === "public" ? "No key is needed." : `Scopes: ${route.auth.join(" or ")}.`;
  return [route.description, scopes].filter((text) => text !== undefined).join("\n\n");
}

const idempotencyHeader = z.object({
  "Idempotency-Key": z
    .string()
    .min(1)
    .max(255)
    .describe("Makes retries safe: one execution per key, for 24 hours"),
});

function requestOf(route: Route) {
  const { params, query, headers, body } = route.request ?? {};
  const allHeaders = [
    ...(headers ? [headers] : []),
    ...(route.idempotent ? [idempotencyHeader] : []),
  ];
  return {
    ...(params ? { params } : {}),
    ...(query ? { query } : {}),
    ...(allHeaders.length > 0 ? { headers: allHeaders } : {}),
    ...(body
      ? { body: { required: true, content: { "application/json": { schema: body } } } }
      : {}),
  };
}

function responseOf({ description, schema, contentType, headers }: ResponseDoc): ResponseConfig {
  const type = contentType ?? "application/json";
  return {
    description,
    ...(schema === undefined ? {} : { content: { [type]: { schema } } }),
    ...(headers === undefined
      ? {}
      : {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, text]) => [
              name,
              { description: text, schema: { type: "string" as const } },
            ]),
          ),
        }),
  };
}
