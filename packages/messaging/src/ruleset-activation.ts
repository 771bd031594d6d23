import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { type RulesetActivated, topics } from "@holdfast/contracts";
import type { Codec } from "./codec.ts";
import { header } from "./message.ts";
import type { Producer } from "./producer.ts";

/** The files of a rule pack. */
export type RulePackFiles = RulesetActivated["files"];

/** The part of pg's query that the ledger needs: the scorer's database. */
export type LedgerQuery = (
  text: string,
  values: unknown[],
) => Promise<{ rows: Record<string, unknown>[] }>;

/** What an activation needs. */
export interface ActivationOptions {
  readonly query: LedgerQuery;
  readonly producer: Pick<Producer, "send">;
  readonly codec: Pick<Codec, "encode">;
  readonly files: RulePackFiles;
  readonly activatedBy: string;
  readonly nowMs: number;
  /** Gives each barrier's event id. */
  readonly ids: { next(): string };
  /** Only when no pack was ever activated: what a first start wants. */
  readonly onlyFirst?: boolean;
  /** Default card-activity; a replay has a topic of its own. */
  readonly topic?: string;
}

/** What an activation came to. */
export interface Activation {
  readonly generation: number;
  /** Of the pack under that generation: another one's when `onlyFirst` found one. */
  readonly rulesetId: string;
  /** Partitions that got their barrier now; none when the pack had been published everywhere. */
  readonly publishedNow: readonly number[];
}

/**
 * Puts a barrier with the whole pack into every partition of card-activity. The generation comes
 * from the scorer's database, where callers wait for each other, so two packs never share one; the
 * highest holds in every partition, in whatever order barriers arrive. Idempotent: run again after
 * an interruption it completes, and a pack that is the newest already is not published twice (but
 * for a crash between the append and its mark, and then the scorer ignores the repeated barrier).
 * The pack is taken as it is: validate it before.
 */
export async function activateRuleset(options: ActivationOptions): Promise<Activation> {
  const { query, producer, codec, ids, topic = topics["card-activity"].name } = options;
  const claim = await claimGeneration(options);
  const { published, generation, rulesetId } = claim;
  const all = Array.from({ length: topics["card-activity"].partitions }, (_, index) => index);
  const missing = all.filter((partition) => !published.includes(partition));
  for (const partition of missing) {
    const event = { ...claim.event, generation, rulesetId };
    await producer.send([
      {
        topic,
        partition,
        key: `partition-${partition}`,
        value: codec.encode("card-activity", "RulesetActivated", event),
        headers: { [header.id]: ids.next(), [header.eventType]: "RulesetActivated" },
      },
    ]);
    await query(
      `UPDATE ruleset_activation SET published_partitions = published_partitions || $2::int
       WHERE generation = $1`,
      [generation, partition],
    );
  }
  return { generation, rulesetId, publishedNow: missing };
}

async function claimGeneration(options: ActivationOptions) {
  const { query, files, activatedBy, nowMs, onlyFirst = false } = options;
  const { rows } = await query(
    `SELECT generation::int, ruleset_id, files, activated_by, occurred_at, published_partitions
     FROM claim_ruleset_generation($1, $2::jsonb, $3, $4, $5)`,
    [rulesetIdOf(files), JSON.stringify(files), activatedBy, new Date(nowMs), onlyFirst],
  );
  const row = rows[0] as {
    generation: number;
    ruleset_id: string;
    files: RulePackFiles;
    activated_by: string;
    occurred_at: Date;
    published_partitions: number[];
  };
  return {
    generation: row.generation,
    rulesetId: row.ruleset_id,
    published: row.published_partitions,
    event: {
      files: row.files,
      activatedBy: row.activated_by,
      occurredAt: row.occurred_at.getTime(),
    },
  };
}

/** SHA-256 of the pack, hexadecimal: the same files, in whatever order, have the same id. */
export function rulesetIdOf(files: RulePackFiles): string {
  const hash = createHash("sha256");
  for (const { path, content } of ascending(files)) hash.update(JSON.stringify([path, content]));
  return hash.digest("hex");
}

/** The YAML files of a folder and its subfolders, ascending by path. */
export async function readRulePack(folder: string): Promise<RulePackFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.map(async (path) => ({
      path: relative(folder, path).split(sep).join("/"),
      content: await readFile(path, "utf8"),
    })),
  );
  return ascending(files);
}

function ascending(files: RulePackFiles): RulePackFiles {
  return [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
