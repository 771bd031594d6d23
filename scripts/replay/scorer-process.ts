import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SuiteAddresses } from "../command/addresses.ts";
import { root } from "../stack/settings.ts";
import type { Workspace } from "./workspace.ts";

/** A scorer that works for one replay. */
export interface ScorerProcess {
  readonly pid: number;
  /** Rejects when the scorer ended although nobody asked it to. */
  readonly failed: Promise<never>;
  /** Ends it, by SIGTERM unless told otherwise, and resolves when it has ended. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** What is special about one start. */
export interface ScorerStart {
  /** For Node itself, in front of the program. */
  readonly nodeFlags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts the service itself, the same code as live, on the workspace's topics and database. */
export function startScorer(
  workspace: Workspace,
  addresses: Pick<SuiteAddresses, "kafkaBrokers" | "schemaRegistryUrl">,
  { nodeFlags = [], environment = {} }: ScorerStart = {},
): ScorerProcess {
  const schemas = mkdtempSync(join(tmpdir(), "holdfast-replay-"));
  const child = spawn(
    process.execPath,
    ["--disable-warning=TimeoutNegativeWarning", ...nodeFlags, "src/main.ts"],
    {
      cwd: join(root, "services/fraud-scoring"),
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...process.env,
        APP_ENV: "test",
        HOST: "127.0.0.1",
        PORT: "0",
        LOG_LEVEL: "error",
        KAFKA_BROKERS: addresses.kafkaBrokers.join(","),
        SCHEMA_REGISTRY_URL: addresses.schemaRegistryUrl,
        SCHEMA_CACHE_DIR: schemas,
        DATABASE_URL: workspace.databaseUrl,
        SCORER_TOPIC_PREFIX: workspace.prefix,
        SCORER_GROUP: workspace.group,
        OTEL_TRACES_EXPORTER: "none",
        ...environment,
      },
    },
  );
  let isStopping = false;
  const ended = once(child, "exit");
  const failed = ended.then(([code]) => {
    if (isStopping) return new Promise<never>(() => undefined);
    throw new Error(`The scorer ended with exit code ${code}`);
  });
  failed.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    failed,
    stop: async (signal = "SIGTERM") => {
      isStopping = true;
      if (isRunning(child)) child.kill(signal);
      await ended;
      rmSync(schemas, { recursive: true, force: true });
    },
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
