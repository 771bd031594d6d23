import {
  type Caller,
  createAuthenticate,
  createHttpServer,
  createReadiness,
  type HttpServer,
  type HttpServerOptions,
  hashApiKey,
  type Route,
  readApiKeys,
} from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";

/** What a test wants to be different. */
export interface TestServerOptions extends Partial<HttpServerOptions> {
  /** Callers beside the demo's; the key of each is its name. */
  readonly callers?: readonly Caller[];
}

/** A server with some routes, on any free port; for supertest take its `app`, nothing listens before start. */
export function createTestServer(
  routes: readonly Route[],
  { callers = [], ...options }: TestServerOptions = {},
): HttpServer {
  const keys = callers.map((caller) => ({ ...caller, sha256: hashApiKey(caller.name) }));
  return createHttpServer({
    service: "test",
    version: "0.0.0",
    host: "127.0.0.1",
    port: 0,
    routes,
    authenticate: createAuthenticate([...readApiKeys({ APP_ENV: "demo" }), ...keys]),
    readiness: createReadiness(),
    logger: silentLogger,
    ...options,
  });
}
