import type { RuleFile } from "@holdfast/cep";
import { activateRuleset, createProducer } from "@holdfast/messaging";
import { createUuidV7, systemClock } from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";
import pg from "pg";
import { suiteAddresses } from "./command/addresses.ts";
import { connectEvents } from "./command/event-client.ts";
import { runCommand } from "./command/run-command.ts";
import { loadFolder, readRuleFiles } from "./rule-files.ts";

const HELP = `Puts a rule pack in force, live: one barrier in every partition of card-activity.

  npm run rules:activate -- [FOLDER] [--by NAME]

  FOLDER       default: rules/; npm run rules:check only reads it and says what is wrong with it
  --by NAME    who activates it, as the barrier says; default the login's name

Safe to repeat: an interrupted activation is completed, the newest pack is not published twice.
Addresses: KAFKA_BROKERS, SCHEMA_REGISTRY_URL and FRAUD_SCORING_DATABASE_URL or POSTGRES_ADMIN_URL,
else those of the running demo.
`;

/** The scorer's database, where generations are counted. */
function databaseUrl(): string {
  const own = process.env["FRAUD_SCORING_DATABASE_URL"];
  if (own !== undefined) return own;
  const url = new URL(suiteAddresses().postgresAdminUrl);
  url.pathname = "/fraud_scoring";
  return url.toString();
}

async function activate(files: readonly RuleFile[], activatedBy: string) {
  const { kafka, codec } = await connectEvents(suiteAddresses(), ["card-activity"]);
  const producer = createProducer({ kafka, logger: silentLogger });
  const client = new pg.Client({ connectionString: databaseUrl() });
  await client.connect();
  try {
    return await activateRuleset({
      query: (text, values) => client.query(text, values),
      producer,
      codec,
      files: [...files],
      activatedBy,
      nowMs: systemClock.now(),
      ids: createUuidV7(systemClock),
    });
  } finally {
    await client.end();
    await producer.stop();
  }
}

async function putInForce(folder: string, by: string): Promise<number> {
  const pack = loadFolder(folder);
  if (pack === undefined) return 1;
  for (const { id, version, mode, sentence } of pack.rules) {
    console.log(`${mode.padEnd(6)}  ${id} v${version}: ${sentence}`);
  }
  const { generation, rulesetId, publishedNow } = await activate(readRuleFiles(folder), by);
  const where =
    publishedNow.length === 0
      ? "is in force already"
      : `published to partitions ${publishedNow.join(", ")}`;
  console.log(`generation ${generation} (${rulesetId.slice(0, 12)}) ${where}`);
  return 0;
}

await runCommand({
  help: HELP,
  options: { by: { type: "string", default: process.env["USER"] ?? "operator" } },
  words: 1,
  run: ({ values: { by }, positionals: [folder = "rules"] }) => putInForce(folder, by),
});
