import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import type { Operation } from "./books.ts";
import { failuresSchema } from "./failures.ts";
import type { Provider } from "./provider.ts";

const maxBodyBytes = 16 * 1024;

/** An answer; `silent` leaves the caller waiting until it gives up. */
type Reply = { readonly status: number; readonly body: unknown } | "silent" | "journal";

interface Request {
  readonly key: string | undefined;
  readonly path: readonly string[];
  readonly body: string;
}

const amountMinor = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const authorizationBody = z.strictObject({
  amountMinor,
  currency: z.string().regex(/^[A-Z]{3}$/),
  cardToken: z.string().min(1).max(100),
  last4: z.string().regex(/^\d{4}$/),
  reference: z.string().min(1).max(100),
});
const refundBody = z.strictObject({ amountMinor });
const emptyBody = z.strictObject({});

/**
 * The provider's HTTP interface. Refusals are answers with 402, a key used for another request 422, what
 * cannot be understood 400.
 */
export function createProviderServer(provider: Provider, journalFile: string): Server {
  const server = createServer((request, response) => {
    answer(provider, request)
      .then((reply) => send(response, reply, { journalFile, provider }))
      .catch((error: unknown) => {
        send(response, problemFor(error), { journalFile, provider });
      });
  });
  server.requestTimeout = 30_000;
  return server;
}

function problemFor(error: unknown): Reply {
  if (error instanceof BadRequest) return { status: 400, body: { code: error.code } };
  if (error instanceof URIError) return { status: 400, body: { code: "malformed_path" } };
  return { status: 500, body: { code: "internal" } };
}

async function answer(provider: Provider, incoming: IncomingMessage): Promise<Reply> {
  const { pathname } = new URL(incoming.url ?? "/", "http://provider");
  const path = pathname.slice(1).split("/").map(decodeURIComponent);
  const route = `${incoming.method} ${path[0] ?? ""}`;
  switch (route) {
    case "GET livez":
    case "GET readyz":
      return { status: 200, body: { status: "ok" } };
    case "GET journal":
      return "journal";
    case "GET operations":
      return queried(await provider.query(path[1] ?? ""));
    case "GET failures":
      return { status: 200, body: provider.failures() };
    case "PUT failures":
      provider.setFailures(parse(failuresSchema, await readBody(incoming)));
      return { status: 200, body: provider.failures() };
    case "POST authorizations": {
      const key = incoming.headers["idempotency-key"];
      return instruct(provider, { key: key?.toString(), path, body: await readBody(incoming) });
    }
    default:
      return { status: 404, body: { code: "route_unknown" } };
  }
}

function queried(found: unknown): Reply {
  if (found === undefined) return { status: 404, body: { code: "operation_unknown" } };
  return { status: 200, body: found };
}

async function instruct(provider: Provider, request: Request): Promise<Reply> {
  const { key, path, body } = request;
  if (key === undefined || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new BadRequest("idempotency_key_missing");
  }
  const { operation, reference } = parseOperation(path, body);
  const content = `${path.join("/")}\n${JSON.stringify(operation)}`;
  const result = await provider.carryOut({ key, operation, reference, content });
  switch (result.kind) {
    case "silent":
      return "silent";
    case "unavailable":
      return { status: 503, body: { code: "unavailable" } };
    case "key_reused":
      return { status: 422, body: { code: "idempotency_key_reused" } };
    case "answered":
      return { status: result.answer.outcome === "refused" ? 402 : 201, body: result.answer };
  }
}

function parseOperation(
  [, authorizationId, action]: readonly string[],
  body: string,
): { operation: Operation; reference: string | null } {
  if (authorizationId === undefined) {
    const { reference, cardToken: _, ...order } = parse(authorizationBody, body);
    return { operation: { kind: "authorize", ...order }, reference };
  }
  switch (action) {
    case "capture":
    case "void":
      parse(emptyBody, body);
      return { operation: { kind: action, authorizationId }, reference: null };
    case "refunds":
      return {
        operation: { kind: "refund", authorizationId, ...parse(refundBody, body) },
        reference: null,
      };
    default:
      throw new BadRequest("route_unknown");
  }
}

class BadRequest extends Error {
  override readonly name = "BadRequest";
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

function parse<S extends z.ZodType>(schema: S, body: string): z.output<S> {
  let json: unknown;
  try {
    json = body === "" ? {} : JSON.parse(body);
  } catch {
    throw new BadRequest("malformed_json");
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new BadRequest("invalid_request");
  return parsed.data;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > maxBodyBytes) throw new BadRequest("body_too_large");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(
  response: ServerResponse,
  reply: Reply,
  { journalFile, provider }: { journalFile: string; provider: Provider },
): void {
  if (reply === "silent") return;
  if (reply === "journal") {
    const bytes = provider.journalBytes();
    response.writeHead(200, { "content-type": "application/x-ndjson", "content-length": bytes });
    if (bytes === 0) response.end();
    else createReadStream(journalFile, { end: bytes - 1 }).pipe(response);
    return;
  }
  response.writeHead(reply.status, { "content-type": "application/json" });
  response.end(JSON.stringify(reply.body));
}
