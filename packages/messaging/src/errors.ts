/**
 * The record itself is at fault: no repetition can help, so it goes to the dead-letter topic at
 * once. Errors of other packages say the same by a property `permanent: true`.
 */
export class PermanentError extends Error {
  override readonly name: string = "PermanentError";
  readonly permanent = true;
}

/**
 * Something outside is at fault (database, broker, registry): the record is tried again, without
 * end and with back-off, because giving up would send every record of an outage to the
 * dead-letter topic. Errors of other packages say the same by a property `transient: true`.
 */
export class TransientError extends Error {
  override readonly name: string = "TransientError";
  readonly transient = true;
}

/** The delivery was given up because the partition was lost or the process stops; not a failure. */
export class DeliveryAborted extends Error {
  override readonly name = "DeliveryAborted";
}

/** What an error asks for; `unknown` is most likely a bug, which is tried a bounded number of times. */
export type ErrorNature = "permanent" | "transient" | "aborted" | "unknown";

// System errors of sockets: the other side is down, not the record bad.
const transientCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_SOCKET",
]);

/** What `error` asks for, by its marks, its code and, failing these, its causes. */
export function natureOf(error: unknown): ErrorNature {
  if (error instanceof DeliveryAborted) return "aborted";
  if (!(error instanceof Error)) return "unknown";
  if ("permanent" in error && error.permanent === true) return "permanent";
  if ("transient" in error && error.transient === true) return "transient";
  if ("code" in error && transientCodes.has(String(error.code))) return "transient";
  // kafkajs marks what its own retries would cover.
  if ("retriable" in error && error.retriable === true) return "transient";
  return error.cause === undefined ? "unknown" : natureOf(error.cause);
}

/** The class of an error for labels and headers: few values, no data. */
export function errorClassOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
