import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  currentTraceparent,
  type Logger,
  observeRequests,
  renderMetrics,
} from "@holdfast/telemetry";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import helmet from "helmet";
import type { Authenticate } from "../api-keys.ts";
import type { Component } from "../lifecycle.ts";
import { notFound, Problem } from "../problem.ts";
import type { Readiness } from "../readiness.ts";
import { docsRouter } from "./docs.ts";
import { healthRouter } from "./health.ts";
import { routeHandlers } from "./mount-route.ts";
import { openApiDocument } from "./openapi.ts";
import { problemFor, sendProblem } from "./problem-response.ts";
import { defaultRateLimit, limitCallers, type RateLimit } from "./rate-limit.ts";
import type { Route } from "./route.ts";

/** What a service's HTTP server is made of. */
export interface HttpServerOptions {
  readonly service: string;
  readonly version: string;
  /** What the service does, for the OpenAPI document's head. */
  readonly description?: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly routes: readonly Route[];
  readonly authenticate: Authenticate;
  readonly readiness: Readiness;
  /** Prometheus text for /metrics; default: telemetry's own. */
  readonly renderMetrics?: () => Promise<string>;
  readonly logger: Logger;
  readonly rateLimit?: RateLimit;
  /** Default 64 KiB. */
  readonly bodyLimitBytes?: number;
  /** How long a client may take; the defaults suit people and machines. */
  readonly timeouts?: Partial<ClientTimeouts>;
  /** Time between heartbeat comments of event streams; default 15 s. */
  readonly heartbeatMs?: number;
}

/** Milliseconds that a client has for its headers and for its whole request, and between requests. */
export interface ClientTimeouts {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  /** How often connections are examined. */
  readonly connectionsCheckingInterval: number;
}

/** An HTTP server; `app` can be given to supertest without start. */
export interface HttpServer extends Component {
  readonly app: Express;
  /** The port it listens on; throws before start. */
  port(): number;
}

/**
 * Makes the server: security headers, health routes, documentation, the routes, and problem+json for
 * everything else. `stop` ends event streams, takes no new connection and waits for running requests.
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const stopping = new AbortController();
  const app = createApp(options, stopping.signal);
  const server = createServer({ ...defaultTimeouts, ...options.timeouts }, app);
  return {
    name: "http",
    app,
    port: () => addressOf(server).port,
    start: async () => {
      await listen(server, options);
      options.logger.info({ port: addressOf(server).port }, "Listening");
    },
    stop: async () => {
      stopping.abort();
      await close(server);
    },
  };
}

// Slow-loris: a client that dribbles its headers or body is cut off.
const defaultTimeouts: ClientTimeouts = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
};

const finishRequestsMs = 10_000;

function createApp(options: HttpServerOptions, stopping: AbortSignal): Express {
  const { service, version, description, routes, authenticate } = options;
  const app = express();
  app.set("query parser", "simple");
  app.use(observeRequests());
  app.use(nameTrace);
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  app.use(healthRouter({ renderMetrics, ...options }));
  const info = { title: `Holdfast ${service}`, version, ...(description ? { description } : {}) };
  app.use(docsRouter(openApiDocument(info, routes)));
  const limit = limitCallers(options.rateLimit ?? defaultRateLimit);
  const bodyLimitBytes = options.bodyLimitBytes ?? 64 * 1024;
  const heartbeat = options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs };
  for (const route of routes) {
    const shared = { authenticate, bodyLimitBytes, limit, stopping, ...heartbeat };
    app[route.method](expressPath(route.path), ...routeHandlers(route, shared));
  }
  refuseOtherMethods(app, routes);
  app.use(() => {
    throw notFound("route_not_found", "There is nothing at this path");
  });
  app.use(errorHandler(options));
  return app;
}

/** Tells the trace of each answer, in the form that W3C Trace Context Level 2 proposed. */
function nameTrace(_request: Request, response: Response, next: NextFunction): void {
  const traceparent = currentTraceparent();
  if (traceparent !== undefined) response.set("traceresponse", traceparent);
  next();
}

/** A colon inside a segment is part of a custom method's name (`/transactions:score`), no parameter. */
function expressPath(path: string): string {
  return path.replaceAll(/(?<=[^/]):/g, "\\:");
}

function refuseOtherMethods(app: Express, routes: readonly Route[]): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
    const allowed = methods.map((method) => method.toUpperCase()).join(", ");
    app.all(expressPath(path), (_request, response) => {
      response.set("Allow", allowed);
      throw new Problem({
        status: 405,
        code: "method_not_allowed",
        title: `This path takes ${allowed}`,
      });
    });
  }
}

function errorHandler({ logger }: HttpServerOptions) {
  // Express knows an error handler by its four parameters.
  // biome-ignore lint/complexity/useMaxParams: see above
  return (error: unknown, request: Request, response: Response, _next: NextFunction): void => {
    const problem = problemFor(error);
    if (problem.status >= 500) {
      logger.error({ err: error, method: request.method, path: request.path }, "Request failed");
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // What is left of a refused body is not worth reading.
    if (!request.complete) response.set("Connection", "close");
    sendProblem(response, problem);
  };
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("The server is not listening");
  return address;
}

function listen(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const limit = setTimeout(() => server.closeAllConnections(), finishRequestsMs);
    // A kept-alive connection is idle only once its running request has been answered.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(limit);
      clearInterval(idle);
      resolve();
    });
  });
}
