import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { suiteAddresses } from "./command/addresses.ts";
import { type Given, runCommand } from "./command/run-command.ts";
import { root } from "./stack/settings.ts";

const HELP = `Re-executes each partition's log through a fresh scorer, from its first record to where the
scorer has committed, and compares every decision and alert of this engine version with what is on
the topics, byte for byte. A difference ends it with exit code 1 and the first differing record.

  npm run verify:replay [-- --snapshots FOLDER] [--from-beginning]

  --snapshots FOLDER  a verification that finds no difference leaves the states that it came to there,
                      and the next one goes on from the newest; those that the log does not follow on
                      any more are removed
  --from-beginning    from as far back as the log reaches: its first record, else the oldest snapshot

Addresses: KAFKA_BROKERS and SCHEMA_REGISTRY_URL, else those of the running demo.
`;

const options = { snapshots: { type: "string" }, "from-beginning": { type: "boolean" } } as const;

function verify({ values }: Given<typeof options>): number {
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
        ...(values.snapshots !== undefined && { VERIFY_SNAPSHOTS: resolve(values.snapshots) }),
        ...(values["from-beginning"] && { VERIFY_FROM_BEGINNING: "yes" }),
      },
    },
  );
  return status ?? 1;
}

await runCommand({
  help: HELP,
  options,
  run: verify,
});
