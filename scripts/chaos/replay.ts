import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { ReplayFact } from "@holdfast/testkit";
import type { Suite } from "../command/suite.ts";
import { root } from "../stack/settings.ts";
import { memberOf } from "./http.ts";

/** Has the scorer's own verification re-execute the log. Throws when it says nothing readable. */
export async function verifyReplay(suite: Suite): Promise<ReplayFact> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=TimeoutNegativeWarning", "src/verify/main.ts"],
    {
      cwd: join(root, "services/fraud-scoring"),
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        KAFKA_BROKERS: suite.kafkaBrokers.join(","),
        SCHEMA_REGISTRY_URL: suite.schemaRegistryUrl,
        SCHEMA_CACHE_DIR: join(suite.cacheDir, "verify"),
      },
    },
  );
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const line = output.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`the replay was not verified: ${errors.slice(-2000)}`);
  const found: unknown = JSON.parse(line);
  const compared = Number(memberOf(memberOf(found, "compared"), "decisions"));
  const count = Number(memberOf(found, "differences"));
  const first = JSON.stringify(memberOf(found, "first"));
  return {
    compared,
    differences: count === 0 ? [] : [`${count} differences, the first: ${first}`],
  };
}
