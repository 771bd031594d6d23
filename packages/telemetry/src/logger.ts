import { trace } from "@opentelemetry/api";
import { type DestinationStream, pino } from "pino";
import type { logFields } from "./generated/names.ts";
import { redactFields, redactText } from "./redact.ts";

/** A field that log lines may carry; others do not compile, and would be written as [redacted]. */
export type LogField = (typeof logFields)[number];
export type LogFields = { readonly [Name in LogField]?: unknown };

type Write = (fields: LogFields, message: string) => void;

/** Structured logging. A caught error goes under `err`. */
export interface Logger {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  readonly fatal: Write;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly service: string;
  /** Default: LOG_LEVEL, else info. */
  readonly level?: string;
  /** Where the lines go; default: standard output. */
  readonly destination?: DestinationStream;
}

/**
 * A logger that writes one JSON line per call, with the ids of the active trace, only fields of
 * the allow-list, and no card number or e-mail address in any text.
 */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  const options = {
    level: level ?? process.env["LOG_LEVEL"] ?? "info",
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    // Errors are turned into plain objects by redactFields; pino's own serialiser would add every
    // enumerable property again.
    serializers: { err: (value: unknown) => value },
    mixin: traceFields,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => redactFields(fields),
    },
    hooks: {
      logMethod(
        this: pino.Logger,
        args: Parameters<pino.LogFn>,
        method: (...values: Parameters<pino.LogFn>) => void,
      ) {
        const [fields, message] = args as unknown as [unknown, unknown];
        const text = typeof message === "string" ? redactText(message) : message;
        method.call(this, fields as object, text as string);
      },
    },
  };
  return loggerOf(destination === undefined ? pino(options) : pino(options, destination));
}

// pino gives children no bindings formatter of their own, so their fields are redacted here.
function loggerOf(target: pino.Logger): Logger {
  const write = (level: pino.Level): Write => target[level].bind(target);
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    fatal: write("fatal"),
    child: (fields) => loggerOf(target.child(redactFields(fields))),
  };
}

function traceFields(): Record<string, string> {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

/** A logger that writes nothing, for tests and tools. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
  child: () => silentLogger,
};
