import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { z } from "zod";
import type { StoredCard, StoredRuleset } from "../store/partition-store.ts";

/** What a partition's machine knew when the log before `nextOffset` had been applied. */
export interface PartitionState {
  readonly partition: number;
  readonly nextOffset: number;
  readonly watermark: number | null;
  readonly ruleset: StoredRuleset | null;
  readonly cards: readonly StoredCard[];
}

/**
 * The machines of all partitions at the end of a verification that found no difference. Whoever goes
 * on from here relies on that verification, and on nothing that the scorer has stored.
 */
export interface Snapshot {
  readonly partitions: readonly PartitionState[];
  /** Alerts before these offsets of their topic belong to what was verified. */
  readonly alertEnds: Readonly<Record<number, number>>;
}

const ruleset = z.object({
  generation: z.number(),
  rulesetId: z.string(),
  files: z.array(z.object({ path: z.string(), content: z.string() })),
  lineage: z.record(z.string(), z.object({ generation: z.number(), since: z.number().nullable() })),
});
const head = z.object({
  alertEnds: z.record(z.coerce.number(), z.number()),
  partitions: z.array(
    z.object({
      partition: z.number(),
      nextOffset: z.number(),
      watermark: z.number().nullable(),
      ruleset: ruleset.nullable(),
    }),
  ),
});
const cardLine = z.tuple([z.number(), z.string(), z.base64()]);

const ending = ".jsonl.gz";

/** Snapshots in `folder`, one file each; a name tells the sum of its offsets, so names ascend. */
export function openSnapshots(folder: string) {
  const pathOf = (name: string) => join(folder, name + ending);
  return {
    /** The names of all, oldest first. */
    names: async (): Promise<string[]> => {
      await mkdir(folder, { recursive: true });
      const files = await readdir(folder);
      return files
        .filter((file) => file.endsWith(ending))
        .map((file) => file.slice(0, -ending.length))
        .sort();
    },
    read: (name: string) => readSnapshot(pathOf(name)),
    /** Writes it as a whole or not at all, and returns its name. */
    write: async (snapshot: Snapshot): Promise<string> => {
      const records = snapshot.partitions.reduce((sum, { nextOffset }) => sum + nextOffset, 0);
      const name = String(records).padStart(16, "0");
      const draft = `${pathOf(name)}.draft`;
      await pipeline(Readable.from(linesOf(snapshot)), createGzip(), createWriteStream(draft));
      await rename(draft, pathOf(name));
      return name;
    },
    remove: (name: string) => rm(pathOf(name), { force: true }),
  };
}

function* linesOf({ partitions, alertEnds }: Snapshot): Generator<string> {
  const heads = partitions.map(({ cards: _, ...state }) => state);
  yield `${JSON.stringify({ alertEnds, partitions: heads })}\n`;
  for (const { partition, cards } of partitions) {
    for (const { card, state } of cards) {
      yield `${JSON.stringify([partition, card, state.toString("base64")])}\n`;
    }
  }
}

async function readSnapshot(path: string): Promise<Snapshot> {
  const input = createReadStream(path).pipe(createGunzip());
  let found: z.output<typeof head> | undefined;
  const cards = new Map<number, StoredCard[]>();
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (found === undefined) {
      found = head.parse(JSON.parse(line));
      for (const { partition } of found.partitions) cards.set(partition, []);
      continue;
    }
    const [partition, card, state] = cardLine.parse(JSON.parse(line));
    cards.get(partition)?.push({ card, state: Buffer.from(state, "base64") });
  }
  if (found === undefined) throw new Error(`${path} is empty`);
  const partitions = found.partitions.map((state) => ({
    ...state,
    cards: cards.get(state.partition) ?? [],
  }));
  return { alertEnds: found.alertEnds, partitions };
}
