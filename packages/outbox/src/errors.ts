import { isNativeError } from "node:util/types";

/** What an HTTP edge needs to answer an error as problem+json; service-kit reads it structurally. */
export interface ProblemDetails {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
  /** JSON pointers into the body; headers are under /header. */
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  readonly retryAfterSeconds?: number;
}

/**
 * Postgres cannot be reached, is shutting down, or gave up on the statement. Transient: the same work
 * may be tried again. If the connection broke during COMMIT the outcome is unknown, which the inbox
 * and the idempotency key make safe to repeat.
 */
export class PostgresUnavailable extends Error {
  override readonly name = "PostgresUnavailable";
  readonly transient = true;
  readonly problem: ProblemDetails = {
    status: 503,
    code: "database_unavailable",
    title: "The service cannot reach its database; try again shortly",
    retryAfterSeconds: 2,
  };
}

/** A Tx was used after its transaction ended, or was still busy when its transaction was to commit. */
export class TransactionMisuse extends Error {
  override readonly name = "TransactionMisuse";
}

// SQLSTATE classes: 08 connection, 53 out of resources, 57P0x shutdown, 57014 statement time-out or
// cancel, 55P03 lock time-out, 25P03 idle transaction ended by the server, 40 rolled back.
const transientSqlState = /^(08|53|57P0[1-5]|57014|55P03|25P03|40)/;
const transientSystemCode =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ENOENT)$/;
// Messages of pg and pg-pool for conditions to which they give no code.
const transientMessage =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout)/;

/** The SQLSTATE or system error code of an error, if it has one. */
export function errorCode(error: unknown): string | undefined {
  const code = isNativeError(error) && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** True for serialization failures and deadlocks: Postgres rolled back and a second run may succeed. */
export function isRetryableRollback(error: unknown): boolean {
  const code = errorCode(error instanceof PostgresUnavailable ? error.cause : error);
  return code === "40001" || code === "40P01";
}

/** Returns PostgresUnavailable in place of pg's many ways of saying so; other errors pass unchanged. */
export function translatePostgresError(error: unknown): unknown {
  // Not instanceof: system errors may come from another realm (tests run in one of their own).
  if (!isNativeError(error) || error instanceof PostgresUnavailable) return error;
  const code = errorCode(error);
  const transient =
    code === undefined
      ? transientMessage.test(error.message)
      : transientSqlState.test(code) || transientSystemCode.test(code);
  return transient ? new PostgresUnavailable(error.message, { cause: error }) : error;
}
