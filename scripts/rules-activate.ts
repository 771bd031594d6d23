import { parseArgs } from "node:util";
import { loadRules } from "@holdfast/cep";
import { activateRuleset, createProducer, readRulePack } from "@holdfast/messaging";
import { createUuidV7, systemClock } from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";
import pg from "pg";
import { suiteAddresses } from "./command/addresses.ts";
import { connectEvents } from "./command/event-client.ts";

const HELP = `Puts a rule pack in force, live: one barrier in every partition of card-activity.

  npm run rules:activate -- [folder]      default rules/
  npm run rules:activate -- --check       only reads the pack and says what is wrong with it

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

async function readPack(folder: string) {
  const files = await readRulePack(folder);
  const loaded = loadRules(files);
  if (loaded.ok) return { files, rules: loaded.pack.rules };
  for (const { path, line, column, ruleId, message } of loaded.errors) {
    const rule = ruleId === undefined ? "" : ` ${ruleId}:`;
    console.error(`${folder}/${path}:${line}:${column}${rule} ${message}`);
  }
  return undefined;
}

async function activate(files: Awaited<ReturnType<typeof readRulePack>>, activatedBy: string) {
  const { kafka, codec } = await connectEvents(suiteAddresses(), ["card-activity"]);
  const producer = createProducer({ kafka, logger: silentLogger });
  const client = new pg.Client({ connectionString: databaseUrl() });
  await client.connect();
  try {
    return await activateRuleset({
      query: (text, values) => client.query(text, values),
      producer,
      codec,
      files,
      activatedBy,
      nowMs: systemClock.now(),
      ids: createUuidV7(systemClock),
    });
  } finally {
    await client.end();
    await producer.stop();
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      check: { type: "boolean", default: false },
      by: { type: "string", default: process.env["USER"] ?? "operator" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const pack = await readPack(positionals[0] ?? "rules");
  if (pack === undefined) return 1;
  for (const { id, version, mode, sentence } of pack.rules) {
    console.log(`${mode.padEnd(6)}  ${id} v${version}: ${sentence}`);
  }
  if (values.check) return 0;
  const { generation, rulesetId, publishedNow } = await activate(pack.files, values.by);
  const where =
    publishedNow.length === 0
      ? "was published before"
      : `published to partitions ${publishedNow.join(", ")}`;
  console.log(`generation ${generation} (${rulesetId.slice(0, 12)}) ${where}`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
