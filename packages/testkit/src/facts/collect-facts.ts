import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Codec, IncomingRecord, KafkaClient } from "@holdfast/messaging";
import type {
  CardNumberFact,
  Facts,
  GroupFact,
  JournalFact,
  ReplayFact,
  ShopFacts,
  SinkFact,
} from "../invariants/facts.ts";
import { waitFor } from "../wait-for.ts";
import { type CardScanner, createCardScanner } from "./card-scanner.ts";
import {
  databases,
  readInventoryBooks,
  readMailboxes,
  readNotifications,
  readOrderBooks,
  readPaymentBooks,
  readWholeDatabase,
} from "./databases.ts";
import { type Progress, readGroups, readTopics } from "./log.ts";

/** Where the facts of one suite lie. */
export interface FactSources {
  readonly postgresAdminUrl: string;
  readonly kafka: KafkaClient;
  /** Knows the schemas of fraud-decisions. */
  readonly codec: Pick<Codec, "decode">;
  readonly providerUrl: string;
  /** The folder of all parts' logs; notification's is the sink `log`. */
  readonly logsDir: string;
  readonly zipkinUrl: string | undefined;
  /** Units on hand before anything was sold, by product. */
  readonly initialStock: ReadonlyMap<string, number>;
  /** Every number that was ever entered. */
  readonly cardNumbers: readonly string[];
  /** Re-executes the scorer's input. */
  readonly replay: () => Promise<ReplayFact>;
}

/** The longest way of a row from an outbox to its topic, at rest. */
const publishingMs = 2_000;

/**
 * Gathers all facts about a suite at rest. `shop` is what its client knows. Rejects when one of the
 * sources cannot be read.
 */
export async function collectFacts(sources: FactSources, shop: ShopFacts): Promise<Facts> {
  const { postgresAdminUrl: adminUrl, kafka, codec } = sources;
  const search = new CardSearch(createCardScanner(sources.cardNumbers));
  // Groups first: whatever is committed then is in the databases that are read after it.
  const groups = await readGroups(kafka);
  const settledBeforeMs = Date.now() - publishingMs;
  const topics = await readTopics({ kafka, codec, see: (record) => search.record(record) });
  const [order, payment, inventory, notification, mailboxes] = await Promise.all([
    readOrderBooks(adminUrl),
    readPaymentBooks(adminUrl),
    readInventoryBooks(adminUrl),
    readNotifications(adminUrl),
    readMailboxes(adminUrl, settledBeforeMs),
  ]);
  const logs = await readLogs(sources.logsDir);
  const journal = await readText(`${sources.providerUrl}/journal`);
  for (const database of databases) {
    await readWholeDatabase(adminUrl, database, (table, row) =>
      search.text(`database ${database}, table ${table}`, row),
    );
  }
  for (const [name, text] of logs) search.text(`log ${name}`, text);
  search.text("the provider's journal", journal);
  search.text("traces", await readTraces(sources.zipkinUrl));
  const { reservations, movements, counts } = inventory;
  return {
    shop,
    ...order,
    ...payment,
    ...notification,
    ...mailboxes,
    ...topics,
    reservations,
    movements,
    groups: await withReached(kafka, groups),
    stock: counts.map((count) => ({
      ...count,
      initial: sources.initialStock.get(count.sku) ?? 0,
    })),
    journal: linesOf(journal).map((line) => JSON.parse(line) as JournalFact),
    sink: linesOf(logs.get("notification.log") ?? "").flatMap(deliveryOf),
    replay: await sources.replay(),
    cardNumbers: search.found,
  };
}

async function withReached(kafka: KafkaClient, groups: readonly Progress[]): Promise<GroupFact[]> {
  const nameOf = ({ group, topic, partition }: Progress) => `${group} ${topic} ${partition}`;
  const later = new Map((await readGroups(kafka)).map((one) => [nameOf(one), one.committed]));
  return groups.map((group) => ({
    ...group,
    reached: later.get(nameOf(group)) ?? group.committed,
  }));
}

class CardSearch {
  readonly #scanner: CardScanner;
  readonly #found = new Map<string, CardNumberFact>();

  constructor(scanner: CardScanner) {
    this.#scanner = scanner;
  }

  get found(): CardNumberFact[] {
    return [...this.#found.values()];
  }

  text(where: string, text: string): void {
    for (const encoding of this.#scanner.scan(text)) {
      this.#found.set(`${where} ${encoding}`, { where, encoding });
    }
  }

  record({ topic, key, value, rawHeaders }: IncomingRecord): void {
    const parts = [key, value, ...Object.values(rawHeaders)];
    this.text(`topic ${topic}`, parts.map((part) => part?.toString("latin1") ?? "").join("\n"));
  }
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** The log sink's line of one delivery; none for any other line. */
function deliveryOf(line: string): SinkFact[] {
  if (!line.includes('"notificationId"') || !line.startsWith("{")) return [];
  try {
    const { notificationId, channel } = JSON.parse(line) as Partial<SinkFact>;
    return notificationId === undefined || channel === undefined
      ? []
      : [{ notificationId, channel }];
  } catch {
    return []; // a line that a kill cut short
  }
}

async function readLogs(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder);
  const texts = names.map(async (name) => {
    return [name, await readFile(join(folder, name), "utf8")] as const;
  });
  return new Map(await Promise.all(texts));
}

async function readText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}`);
  return response.text();
}

/** The newest traces, as far as the store still has them; nothing where there is no store. */
async function readTraces(zipkinUrl: string | undefined): Promise<string> {
  if (zipkinUrl === undefined) return "";
  // A busy store gives up a search with 500 and manages it a moment later.
  return waitFor(() => readText(`${zipkinUrl}/api/v2/traces?limit=50&lookback=3600000`), {
    limitMs: 60_000,
    everyMs: 1_000,
    what: "the search for traces",
  });
}
