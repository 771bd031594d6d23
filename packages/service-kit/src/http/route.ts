import type { z } from "zod";
import type { Caller, Scope } from "../api-keys.ts";
import { validateRequest } from "./validate.ts";

/** One event of a server-sent stream; `data` is sent as JSON. */
export interface ServerEvent {
  /** What the client sends back as Last-Event-ID. */
  readonly id?: string;
  readonly event?: string;
  readonly data: unknown;
}

/**
 * What a handler answers: JSON (`body`), exact bytes (`rawBody`, with its own Content-Type), a stream
 * of server-sent events (`events`), or nothing.
 */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly rawBody?: Buffer;
  readonly events?: AsyncIterable<ServerEvent>;
}

/** zod schemas of a request's parts. Make objects strict: unknown fields are refused. */
export interface RequestSchemas {
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Names in lower case; other headers are ignored. */
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
}

type Parsed<S, Part extends keyof RequestSchemas> =
  S extends Record<Part, infer Schema extends z.ZodType> ? z.output<Schema> : undefined;

/** A parsed and authorised request. */
export interface RouteRequest<S> {
  readonly params: Parsed<S, "params">;
  readonly query: Parsed<S, "query">;
  readonly headers: Parsed<S, "headers">;
  readonly body: Parsed<S, "body">;
  readonly caller: Caller;
  readonly method: string;
  /** The route's pattern: `/orders/:orderId`. */
  readonly route: string;
  /** The path as requested, without the query. */
  readonly path: string;
  /** The raw Idempotency-Key header; judged by the outbox package's `idempotent`. */
  readonly idempotencyKey: string | undefined;
  /** The raw Last-Event-ID header. */
  readonly lastEventId: string | undefined;
  /** Aborts when the client has gone or the server stops. */
  readonly signal: AbortSignal;
}

/** What the OpenAPI document says of one answer. Problems need not be listed one by one. */
export interface ResponseDoc {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Default application/json; `text/event-stream` for `events`. */
  readonly contentType?: string;
  /** Header name → description. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Everything there is to say about a route. */
export interface RouteDefinition<S extends RequestSchemas> {
  readonly method: "get" | "post" | "put" | "delete";
  /** With express parameters: `/orders/:orderId`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** The caller needs one of these scopes, or none at all for "public". */
  readonly auth: readonly Scope[] | "public";
  /** Documents the Idempotency-Key header; the handler calls outbox's `idempotent`. */
  readonly idempotent?: boolean;
  readonly request?: S;
  readonly responses: Readonly<Record<number, ResponseDoc>>;
  readonly handle: (request: RouteRequest<S>) => Promise<Reply>;
}

/** A request before its parts have been parsed. */
export interface RawRequest extends Omit<RouteRequest<unknown>, keyof RequestSchemas> {
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: unknown;
  readonly body: unknown;
}

/** A route whose types have been checked at its definition. */
export interface Route extends Omit<RouteDefinition<RequestSchemas>, "handle"> {
  /** Validates (throws a Problem listing every error) and handles. */
  readonly run: (request: RawRequest) => Promise<Reply>;
}

/** Declares a route; the handler's request is typed by the schemas. */
export function defineRoute<const S extends RequestSchemas = Record<never, never>>(
  definition: RouteDefinition<S>,
): Route {
  const { handle, ...documentation } = definition;
  const schemas: RequestSchemas = definition.request ?? {};
  return {
    ...documentation,
    run: async (raw) => {
      const parts = validateRequest(schemas, raw);
      return handle({ ...raw, ...parts } as RouteRequest<S>);
    },
  };
}
