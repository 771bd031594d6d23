import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import { type Authenticate, anonymous, type Caller } from "../api-keys.ts";
import { forbidden, Problem } from "../problem.ts";
import { sendEventStream } from "./event-stream.ts";
import { bodyTooLarge } from "./problem-response.ts";
import type { Reply, Route } from "./route.ts";

/** What every mounted route shares. */
export interface MountOptions {
  readonly authenticate: Authenticate;
  readonly bodyLimitBytes: number;
  readonly heartbeatMs?: number;
  /** Runs after authentication; may refuse. */
  readonly limit: RequestHandler;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

/** The handlers of one route, in order: who → how often → may they → what → do; the body is read last. */
export function routeHandlers(route: Route, options: MountOptions): RequestHandler[] {
  const { authenticate, limit, bodyLimitBytes } = options;
  return [
    (request, response, next) => {
      response.locals["caller"] = callerOf(request, authenticate);
      next();
    },
    limit,
    (request, response, next) => {
      authorise(route, request, response.locals["caller"]);
      next();
    },
    refuseOtherMediaTypes,
    refuseLongBodies(bodyLimitBytes),
    express.json({ limit: bodyLimitBytes, strict: false, inflate: false }),
    async (request, response) => {
      await answer(route, { request, response }, options);
    },
  ];
}

function keyOf(request: Request): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.get("authorization") ?? "")?.[1];
}

function callerOf(request: Request, authenticate: Authenticate): Caller | undefined {
  const key = keyOf(request);
  return key === undefined ? undefined : authenticate(key);
}

function authorise({ auth }: Route, request: Request, caller: Caller | undefined): void {
  if (auth === "public") return;
  if (caller === undefined) {
    const unsent = keyOf(request) === undefined;
    const title = unsent ? "An API key is required" : "The API key is not known";
    const errors = [{ pointer: "/header/authorization", message: title }];
    throw new Problem({ status: 401, code: "unauthenticated", title, errors });
  }
  if (!caller.scopes.some((scope) => auth.includes(scope))) {
    throw forbidden(`This needs the scope ${auth.join(" or ")}`);
  }
}

function refuseOtherMediaTypes(request: Request, _response: Response, next: NextFunction): void {
  const hasBody =
    request.headers["transfer-encoding"] !== undefined ||
    Number(request.headers["content-length"] ?? 0) > 0;
  if (hasBody && !request.is("application/json")) {
    throw new Problem({
      status: 415,
      code: "unsupported_media_type",
      title: "The body must be application/json",
    });
  }
  next();
}

// The parser would read a body that is announced as too long to its end before it refuses it.
function refuseLongBodies(limitBytes: number): RequestHandler {
  return (request, _response, next) => {
    if (Number(request.headers["content-length"] ?? 0) > limitBytes) {
      throw new Problem(bodyTooLarge);
    }
    next();
  };
}

interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

async function answer(route: Route, exchange: Exchange, options: MountOptions): Promise<void> {
  const { request, response } = exchange;
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const signal = AbortSignal.any([gone.signal, options.stopping]);
  const reply = await route.run({
    params: request.params,
    query: request.query,
    headers: request.headers,
    body: request.body,
    caller: (response.locals["caller"] as Caller | undefined) ?? anonymous,
    method: request.method,
    route: route.path,
    path: request.path,
    idempotencyKey: request.get("idempotency-key"),
    lastEventId: request.get("last-event-id"),
    signal,
  });
  await send(response, reply, { signal, heartbeatMs: options.heartbeatMs });
}

async function send(
  response: Response,
  reply: Reply,
  { signal, heartbeatMs }: { signal: AbortSignal; heartbeatMs: number | undefined },
): Promise<void> {
  response.status(reply.status).set(reply.headers ?? {});
  if (reply.events !== undefined) {
    const heartbeat = heartbeatMs === undefined ? {} : { heartbeatMs };
    await sendEventStream(response, reply.events, { signal, ...heartbeat });
  } else if (reply.rawBody !== undefined) {
    response.end(reply.rawBody);
  } else if (reply.body === undefined) {
    response.end();
  } else {
    response.json(reply.body);
  }
}
