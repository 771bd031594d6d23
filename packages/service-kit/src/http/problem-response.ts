import { currentTraceId } from "@holdfast/telemetry";
import type { Response } from "express";
import { type ProblemDetails, problemOf } from "../problem.ts";

const internalError: ProblemDetails = {
  status: 500,
  code: "internal_error",
  title: "Something went wrong on our side",
};

/** How an error is answered: its own problem, body-parser's refusals translated, else a bare 500. */
export function problemFor(error: unknown): ProblemDetails {
  return problemOf(error) ?? parserProblem(error) ?? internalError;
}

/** Sends problem+json with code and trace_id. */
export function sendProblem(response: Response, problem: ProblemDetails): void {
  const { status, code, title, detail, errors, retryAfterSeconds, extensions } = problem;
  if (retryAfterSeconds !== undefined) response.set("Retry-After", String(retryAfterSeconds));
  if (status === 401) response.set("WWW-Authenticate", 'Bearer realm="holdfast"');
  const traceId = currentTraceId();
  response.status(status).type("application/problem+json");
  response.send(
    JSON.stringify({
      ...extensions,
      type: `urn:holdfast:problem:${code}`,
      title,
      status,
      code,
      ...(detail === undefined ? {} : { detail }),
      ...(errors === undefined ? {} : { errors }),
      ...(traceId === undefined ? {} : { trace_id: traceId }),
    }),
  );
}

/** 413, whether the body says so beforehand or is found to be. */
export const bodyTooLarge: ProblemDetails = {
  status: 413,
  code: "body_too_large",
  title: "The body is too large",
  errors: [{ pointer: "", message: "Too large" }],
};

// The `type` of body-parser's errors (its README lists them), as they are told to clients.
const parserProblems: Readonly<Record<string, ProblemDetails>> = {
  "entity.parse.failed": {
    status: 400,
    code: "malformed_json",
    title: "The body is not valid JSON",
    errors: [{ pointer: "", message: "Not valid JSON" }],
  },
  "entity.too.large": bodyTooLarge,
  "encoding.unsupported": {
    status: 415,
    code: "unsupported_encoding",
    title: "The body's content encoding is not supported",
  },
  "charset.unsupported": {
    status: 415,
    code: "unsupported_charset",
    title: "The body must be UTF-8",
  },
  "request.aborted": { status: 400, code: "aborted", title: "The request was cut off" },
  "request.size.invalid": {
    status: 400,
    code: "invalid_length",
    title: "The body does not have the length that was announced",
  },
};

const unreadableBody: ProblemDetails = {
  status: 400,
  code: "unreadable_body",
  title: "The body cannot be read",
};

function parserProblem(error: unknown): ProblemDetails | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof URIError) {
    return { status: 400, code: "malformed_path", title: "The path is not validly encoded" };
  }
  const { type, status } = error as { type?: unknown; status?: unknown };
  const known = typeof type === "string" ? parserProblems[type] : undefined;
  // Whatever else the parser blames on the client, such as a body that does not inflate.
  const blamed = typeof status === "number" && status >= 400 && status < 500;
  return known ?? (blamed ? unreadableBody : undefined);
}
