import { redactText } from "@holdfast/telemetry";
import type { z } from "zod";
import { type FieldError, Problem } from "../problem.ts";
import type { RawRequest, RequestSchemas } from "./route.ts";

type Issue = z.core.$ZodIssue;

const prefixes = { params: "/path", query: "/query", headers: "/header", body: "" } as const;

/**
 * Parses every part that has a schema. Throws one Problem that lists all errors: 400 when the path, the
 * query or a header is wrong, 422 when only the body is.
 */
export function validateRequest(
  schemas: RequestSchemas,
  raw: RawRequest,
): Partial<Record<keyof RequestSchemas, unknown>> {
  const parts: Partial<Record<keyof RequestSchemas, unknown>> = {};
  const errors: FieldError[] = [];
  let status = 422;
  for (const part of ["params", "query", "headers", "body"] as const) {
    const result = schemas[part]?.safeParse(raw[part]);
    parts[part] = result?.data;
    if (result === undefined || result.success) continue;
    errors.push(...result.error.issues.flatMap((issue) => fieldErrors(issue, prefixes[part])));
    if (part !== "body") status = 400;
  }
  if (errors.length === 0) return parts;
  throw new Problem({
    status,
    code: "invalid_request",
    title: "The request is not valid",
    errors: errors.slice(0, maxErrors),
  });
}

const maxErrors = 50;

function fieldErrors(issue: Issue, prefix: string): FieldError[] {
  const at = `${prefix}${jsonPointer(issue.path)}`;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      pointer: `${at}${jsonPointer([key])}`,
      message: "Unknown field",
    }));
  }
  return [{ pointer: at, message: issue.message }];
}

/** RFC 6901: `["a/b", 0]` → `/a~1b/0`. A key that is a card number is not repeated. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  return path
    .map((step) => `/${redactText(String(step)).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}
