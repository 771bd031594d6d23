import { loadRules } from "@holdfast/cep";
import {
  activateRuleset,
  createCodec,
  createProducer,
  type KafkaClient,
  readRulePack,
} from "@holdfast/messaging";
import type { Clock, Ids } from "@holdfast/service-kit";
import type { Logger } from "@holdfast/telemetry";
import pg from "pg";

/** What the first activation of a rule pack needs. */
export interface FirstRulesOptions {
  readonly kafka: KafkaClient;
  readonly registryUrl: string;
  readonly schemaCacheDir: string;
  /** The scorer's database, as its owner. */
  readonly scorerDatabaseUrl: string;
  readonly rulesDir: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

type PackFiles = Awaited<ReturnType<typeof readRulePack>>;

function refuseMistakes(files: PackFiles, rulesDir: string): void {
  if (files.length === 0) throw new Error(`${rulesDir} has no rule files`);
  const loaded = loadRules(files);
  if (loaded.ok) return;
  const mistakes = loaded.errors.map((e) => `${e.path}:${e.line}:${e.column} ${e.message}`);
  throw new Error(`the rule pack of ${rulesDir} has mistakes:\n${mistakes.join("\n")}`);
}

/**
 * Puts the shipped pack in force when no pack ever was, before the first payment: a partition without
 * a pack has no verdicts to give. Completes an activation that was interrupted. Idempotent.
 */
export async function activateFirstRules(options: FirstRulesOptions): Promise<void> {
  const { kafka, registryUrl, logger, clock, ids } = options;
  const files = await readRulePack(options.rulesDir);
  refuseMistakes(files, options.rulesDir);
  const codec = await createCodec({
    registryUrl,
    cacheDir: options.schemaCacheDir,
    topics: ["card-activity"],
    logger,
  });
  const producer = createProducer({ kafka, logger });
  const client = new pg.Client({ connectionString: options.scorerDatabaseUrl });
  await client.connect();
  try {
    const { generation, publishedNow } = await activateRuleset({
      query: (text, values) => client.query(text, values),
      producer,
      codec,
      files,
      activatedBy: "operations",
      nowMs: clock.now(),
      ids,
      onlyFirst: true,
    });
    if (publishedNow.length > 0) logger.info({ generation }, "A rule pack was put in force");
  } finally {
    await producer.stop();
    await client.end();
  }
}
