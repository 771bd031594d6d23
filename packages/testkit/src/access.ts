import {
  createAuthenticate,
  createHttpServer,
  createReadiness,
  hashApiKey,
  type Route,
  type Scope,
} from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";

const scopes: readonly Scope[] = ["customer", "analyst", "admin"];

/**
 * Asks every route as every scope, over HTTP, and resolves to the scopes that each lets in, by method
 * and path: `{ "POST /orders": ["customer"] }`. The routes' own work is not done. Rejects when a route
 * lets somebody in who shows no key or an unknown one, or refuses in other words than 401 and 403.
 */
export async function accessOf(
  routes: readonly Route[],
): Promise<Readonly<Record<string, readonly Scope[]>>> {
  const server = createHttpServer({
    service: "test",
    version: "0.0.0",
    host: "127.0.0.1",
    port: 0,
    routes: routes.map((route) => ({ ...route, run: async () => ({ status: 204 }) })),
    authenticate: createAuthenticate(scopes.map(keyOf)),
    readiness: createReadiness(),
    rateLimit: { limit: 1_000_000, windowMs: 60_000 },
    logger: silentLogger,
  });
  await server.start();
  try {
    const table: Record<string, readonly Scope[]> = {};
    for (const route of routes) {
      const name = `${route.method.toUpperCase()} ${route.path}`;
      table[name] = await scopesLetIn(route, `http://127.0.0.1:${server.port()}`);
    }
    return table;
  } finally {
    await server.stop();
  }
}

const keyOf = (scope: Scope) => ({
  name: scope,
  sha256: hashApiKey(scope),
  scopes: [scope],
  customerId: scope === "customer" ? "cust_1" : null,
});

async function scopesLetIn({ method, path, auth }: Route, url: string): Promise<readonly Scope[]> {
  const ask = async (key: string | undefined): Promise<number> => {
    const headers = key === undefined ? undefined : { authorization: `Bearer ${key}` };
    const response = await fetch(url + path.replaceAll(/\/:[a-zA-Z]+/g, "/1"), {
      method,
      ...(headers && { headers }),
    });
    await response.arrayBuffer();
    return response.status;
  };
  const strangers = await Promise.all([ask(undefined), ask("stranger")]);
  const expected = auth === "public" ? 204 : 401;
  if (strangers.some((status) => status !== expected)) {
    throw new Error(`${method} ${path} answers strangers ${strangers.join(" and ")}`);
  }
  const letIn: Scope[] = [];
  for (const scope of scopes) {
    const status = await ask(scope);
    if (status === 204) letIn.push(scope);
    else if (status !== 403) throw new Error(`${method} ${path} answers ${scope} ${status}`);
  }
  return letIn;
}
