import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suiteAddresses } from "./command/addresses.ts";
import { runCommand } from "./command/run-command.ts";
import { root } from "./stack/settings.ts";

const HELP = `Re-executes each partition's log through a fresh scorer, from its first record to where the
scorer has committed, and compares every decision and alert of this engine version with what is on
the topics, byte for byte. A difference ends it with exit code 1 and the first differing record.

  npm run verify:replay

Addresses: KAFKA_BROKERS and SCHEMA_REGISTRY_URL, else those of the running demo.
`;

function verify(): number {
  const addresses = suiteAddresses();
  const { status } = spawnSync(
    process.execPath,
    ["--disable-warning=TimeoutNegativeWarning", "src/verify/main.ts"],
    {
      cwd: join(root, "services/fraud-scoring"),
      stdio: "inherit",
      env: {
        ...process.env,
        KAFKA_BROKERS: addresses.kafkaBrokers.join(","),
        SCHEMA_REGISTRY_URL: addresses.schemaRegistryUrl,
        SCHEMA_CACHE_DIR: join(tmpdir(), "holdfast-schemas"),
      },
    },
  );
  return status ?? 1;
}

await runCommand({
  help: HELP,
  // The log is always taken from its beginning; the flag says so for those who want to be sure.
  options: { "from-beginning": { type: "boolean" } },
  run: verify,
});
