import { createHash } from "node:crypto";
import { counter, holdsCardNumber, withSpan } from "@holdfast/telemetry";
import { canonicalJson } from "./canonical-json.ts";
import type { Database } from "./database.ts";
import type { ProblemDetails } from "./errors.ts";
import type { Tx } from "./transaction.ts";

/** What the idempotency key's scope and fingerprint are made of; service-kit's route request fits. */
export interface IdempotentRequest {
  /** The authenticated caller. */
  readonly caller: { readonly name: string };
  readonly method: string;
  /** The route's pattern, e.g. `/payments/:paymentId/review`. */
  readonly route: string;
  /** The path as requested, so that one key cannot serve two resources. */
  readonly path: string;
  /** The raw Idempotency-Key header; undefined when absent. */
  readonly idempotencyKey: string | undefined;
  /** The validated body. */
  readonly body: unknown;
}

/** The answer of an operation: `body` is any JSON value. */
export interface IdempotentReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** An answer as it is stored and sent: exact bytes, so that a replay equals the first answer. */
export interface StoredReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawBody: Buffer;
}

/** The request cannot be executed under its key; `problem` says how to answer it. */
export class IdempotencyProblem extends Error {
  override readonly name = "IdempotencyProblem";
  readonly problem: ProblemDetails;

  constructor(problem: ProblemDetails) {
    super(problem.title);
    this.problem = problem;
  }
}

/**
 * Executes `work` at most once per (caller, route, key) within the retention. The key is claimed, the
 * effect made and the answer stored in one transaction, so a crash leaves nothing and a retry does the
 * work. What `work` returns is stored and replayed, whatever its status; what it throws is not stored:
 * throw to let the client correct the request and use the same key again.
 *
 * Throws IdempotencyProblem: 400 missing or malformed key, 409 still running, 422 other request.
 */
export async function idempotent(
  database: Database,
  request: IdempotentRequest,
  work: (tx: Tx) => Promise<IdempotentReply>,
): Promise<StoredReply> {
  const scope = scopeOf(request);
  const fingerprint = fingerprintOf(request);
  return withSpan(`idempotent ${request.route}`, {}, () =>
    database.transact(async (tx) => {
      await lockScope(tx, scope);
      const isNew =
        (await claim(tx, scope, fingerprint)) ||
        ((await forgetIfExpired(tx, scope)) && (await claim(tx, scope, fingerprint)));
      if (!isNew) return replay(tx, scope, fingerprint);
      const reply = storedForm(await work(tx));
      await store(tx, scope, reply);
      return reply;
    }),
  );
}

/** How long an answer is replayed, in milliseconds: 24 hours. */
export const idempotencyRetentionMs = 24 * 60 * 60 * 1000;

const replays = counter("idempotent_replays_total");

type Scope = readonly [caller: string, route: string, key: string];

function scopeOf(request: IdempotentRequest): Scope {
  const key = request.idempotencyKey;
  if (key === undefined) {
    throw new IdempotencyProblem({
      status: 400,
      code: "idempotency_key_missing",
      title: "The Idempotency-Key header is required",
      errors: [{ pointer: "/header/idempotency-key", message: "Required" }],
    });
  }
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new IdempotencyProblem({
      status: 400,
      code: "idempotency_key_malformed",
      title: "The Idempotency-Key header must be 1 to 255 printable ASCII characters",
      errors: [{ pointer: "/header/idempotency-key", message: "1 to 255 printable characters" }],
    });
  }
  if (holdsCardNumber(key)) {
    // It would be stored, and not in the vault.
    throw new IdempotencyProblem({
      status: 400,
      code: "idempotency_key_malformed",
      title: "The Idempotency-Key header must not hold a card number",
      errors: [{ pointer: "/header/idempotency-key", message: "Not a card number" }],
    });
  }
  return [request.caller.name, `${request.method.toUpperCase()} ${request.route}`, key];
}

function fingerprintOf(request: IdempotentRequest): Buffer {
  return createHash("sha256")
    .update(`${request.method.toUpperCase()} ${request.path}\n`)
    .update(canonicalJson(request.body ?? null))
    .digest();
}

// An INSERT that meets an uncommitted twin waits for it; the lock, tried first and held to the end of
// the transaction, turns that wait into an immediate 409.
async function lockScope(tx: Tx, scope: Scope): Promise<void> {
  const { rows } = await tx.query<{ locked: boolean }>(
    {
      name: "idempotency-lock",
      text: "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked",
    },
    [scope.join("\n")],
  );
  if (rows[0]?.locked === true) return;
  throw new IdempotencyProblem({
    status: 409,
    code: "idempotency_key_in_use",
    title: "A request with this Idempotency-Key is still running",
    retryAfterSeconds: 1,
  });
}

async function forgetIfExpired(tx: Tx, scope: Scope): Promise<boolean> {
  const { rowCount } = await tx.query(
    {
      name: "idempotency-forget",
      text: `DELETE FROM idempotency_keys WHERE caller = $1 AND route = $2 AND key = $3
        AND created_at <= now() - $4 * interval '1 millisecond'`,
    },
    [...scope, idempotencyRetentionMs],
  );
  return rowCount === 1;
}

async function claim(tx: Tx, scope: Scope, fingerprint: Buffer): Promise<boolean> {
  const { rowCount } = await tx.query(
    {
      name: "idempotency-claim",
      text: `INSERT INTO idempotency_keys (caller, route, key, fingerprint) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING RETURNING key`,
    },
    [...scope, fingerprint],
  );
  return rowCount === 1;
}

async function store(tx: Tx, scope: Scope, reply: StoredReply): Promise<void> {
  await tx.query(
    {
      name: "idempotency-store",
      text: `UPDATE idempotency_keys SET status = $4, headers = $5, body = $6
        WHERE caller = $1 AND route = $2 AND key = $3`,
    },
    [...scope, reply.status, JSON.stringify(reply.headers), reply.rawBody],
  );
}

interface StoredRow {
  readonly fingerprint: Buffer;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

async function replay(tx: Tx, scope: Scope, fingerprint: Buffer): Promise<StoredReply> {
  const { rows } = await tx.query<StoredRow>(
    `SELECT fingerprint, status, headers, body FROM idempotency_keys
     WHERE caller = $1 AND route = $2 AND key = $3`,
    [...scope],
  );
  const [row] = rows;
  if (row === undefined) throw new Error("An idempotency key vanished while its scope was locked");
  if (!row.fingerprint.equals(fingerprint)) {
    throw new IdempotencyProblem({
      status: 422,
      code: "idempotency_key_reused",
      title: "This Idempotency-Key was used with another request",
    });
  }
  replays.add(1, { route: scope[1] });
  const headers = { ...row.headers, "Idempotent-Replayed": "true" };
  return { status: row.status, headers, rawBody: row.body };
}

function storedForm({ status, headers, body }: IdempotentReply): StoredReply {
  if (body === undefined) return { status, headers: { ...headers }, rawBody: Buffer.alloc(0) };
  return {
    status,
    headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
    rawBody: Buffer.from(JSON.stringify(body)),
  };
}
