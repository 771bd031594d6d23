import { currentTraceparent, recordSpan } from "@holdfast/telemetry";
import type { QueryConfig } from "pg";

/** Quicker ones say nothing that the span around them does not, and would be most of a trace. */
const slowMs = 20;

/**
 * Runs a statement. One that takes 20 ms or longer is a span `query <name>` of the current trace, with
 * its text and never its values; what it rejects with is left to the span around it.
 */
export async function watchStatement<T>(
  statement: string | QueryConfig,
  run: () => Promise<T>,
): Promise<T> {
  const beganAt = performance.now();
  try {
    return await run();
  } finally {
    const endedAt = performance.now();
    const isSlow = endedAt - beganAt >= slowMs;
    if (isSlow && currentTraceparent() !== undefined) recordSlow(statement, { beganAt, endedAt });
  }
}

function recordSlow(
  statement: string | QueryConfig,
  { beganAt, endedAt }: { readonly beganAt: number; readonly endedAt: number },
): void {
  const { name, text } =
    typeof statement === "string" ? { name: undefined, text: statement } : statement;
  const [verb = "statement"] = text.trim().split(/\s/, 1);
  recordSpan(`query ${name ?? verb}`, {
    kind: "client",
    attributes: { "db.system.name": "postgresql", "db.query.text": text },
    startTimeMs: performance.timeOrigin + beganAt,
    endTimeMs: performance.timeOrigin + endedAt,
  });
}
