import { checkSchemas, registerSchemas } from "@holdfast/messaging";
import { suiteAddresses } from "./command/addresses.ts";
import { Misuse, runCommand } from "./command/run-command.ts";

const HELP = `Compares or registers the event schemas with a registry (compatibility FULL_TRANSITIVE).

  npm run schemas:check      each schema against every version of its subject; changes nothing;
                             exit 1 and each conflict when one does not go together
  npm run schemas:register   registers what is new; safe to repeat

  --registry URL   the registry's Confluent API (default: SCHEMA_REGISTRY_URL, else the running demo)
  --json           machine-readable output
`;

async function check(registry: string, json: boolean): Promise<number> {
  const conflicts = await checkSchemas(registry);
  if (json) console.log(JSON.stringify({ conflicts }));
  for (const { subject, version, messages } of json ? [] : conflicts) {
    console.log(`${subject}: not compatible with version ${version}`);
    for (const message of messages) console.log(`  ${message}`);
  }
  if (!json && conflicts.length === 0)
    console.log("every schema goes with all registered versions");
  return conflicts.length === 0 ? 0 : 1;
}

async function register(registry: string, json: boolean): Promise<number> {
  const registered = await registerSchemas(registry);
  if (json) console.log(JSON.stringify({ registered }));
  for (const { subject, id } of json ? [] : registered) console.log(`${id}\t${subject}`);
  return 0;
}

await runCommand({
  help: HELP,
  options: { registry: { type: "string" }, json: { type: "boolean", default: false } },
  words: 1,
  run: ({ values, positionals: [action] }) => {
    const registry = values.registry ?? suiteAddresses().schemaRegistryUrl;
    if (action === "check") return check(registry, values.json);
    if (action === "register") return register(registry, values.json);
    throw new Misuse("Either check or register");
  },
});
