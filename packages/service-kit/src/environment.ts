import { z } from "zod";

/** Environment variables that are missing or wrong, all of them, one line each. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The environment is not usable:\n${problems.map((line) => `  ${line}`).join("\n")}`);
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Parses environment variables with a zod object whose keys are the variables' names. An empty value
 * counts as missing. Throws ConfigurationError naming every variable that is missing or invalid.
 */
export function readEnvironment<S extends z.ZodObject>(
  schema: S,
  environment: Environment = process.env,
): z.output<S> {
  const present = Object.entries(environment).filter(
    ([, value]) => value !== undefined && value !== "",
  );
  const values = Object.fromEntries(present);
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) => {
    const name = String(path[0] ?? "");
    return name in values || name === "" ? `${name}: ${message}` : `${name} is missing`;
  });
  throw new ConfigurationError([...new Set(lines)].sort());
}

/** `readEnvironment` for a process's first line: on failure prints every problem and exits with 1. */
export function parseEnvironment<S extends z.ZodObject>(
  schema: S,
  environment: Environment = process.env,
): z.output<S> {
  try {
    return readEnvironment(schema, environment);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** Parsers of single variables, from text to the value a program wants. */
export const variable = {
  text: () => z.string().min(1),
  url: () => z.url(),
  port: () => z.coerce.number().int().min(0).max(65_535),
  /** A whole number of milliseconds, at least 1. */
  durationMs: () => z.coerce.number().int().min(1),
  wholeNumber: () => z.coerce.number().int().min(0),
  /** `a,b` → ["a", "b"]; at least one entry. */
  list: () =>
    z
      .string()
      .transform((text) => text.split(",").map((entry) => entry.trim()))
      .pipe(z.array(z.string().min(1)).min(1)),
  /** Base64 of exactly `bytes` bytes. */
  base64Key: (bytes: number) =>
    z
      .string()
      .transform((text) => Buffer.from(text, "base64"))
      .refine((key) => key.length === bytes, `must be base64 of ${bytes} bytes`),
};

/** The variables that every process has. */
export const commonVariables = {
  APP_ENV: z.enum(["demo", "production", "test"]),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
};

/** The variables of every process that serves HTTP; the PORT is the service's own. */
export const httpVariables = {
  ...commonVariables,
  HOST: variable.text().default("0.0.0.0"),
  PORT: variable.port(),
  API_KEYS: variable.text().optional(),
};

/** The variables of every process that talks to Kafka and the registry. */
export const kafkaVariables = {
  KAFKA_BROKERS: variable.list(),
  /** "true" for TLS; the three after it for SASL: packages/messaging says what they mean. */
  KAFKA_SSL: z.enum(["true", "false"]).optional(),
  KAFKA_SASL_MECHANISM: variable.text().optional(),
  KAFKA_SASL_USERNAME: variable.text().optional(),
  KAFKA_SASL_PASSWORD: variable.text().optional(),
  SCHEMA_REGISTRY_URL: variable.url(),
  SCHEMA_CACHE_DIR: variable.text(),
};

/** The variables of a process that reports lineage as OpenLineage run events; nowhere by default. */
export const lineageVariables = {
  /** Base address of an OpenLineage endpoint. */
  OPENLINEAGE_URL: variable.url().optional(),
  /** A file that gets one event a line. */
  OPENLINEAGE_FILE: variable.text().optional(),
  OPENLINEAGE_NAMESPACE: variable.text().default("holdfast"),
};
