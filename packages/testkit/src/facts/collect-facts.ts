import type { Codec, KafkaClient } from "@holdfast/messaging";
import type {
  Facts,
  GroupFact,
  JournalFact,
  ReplayFact,
  ShopFacts,
  SinkFact,
} from "../invariants/facts.ts";
import { createCardScanner } from "./card-scanner.ts";
import { CardSearch, searchPlaces } from "./card-search.ts";
import {
  readInventoryBooks,
  readMailboxes,
  readNotifications,
  readOrderBooks,
  readPaymentBooks,
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
  /** What the sinks that keep a journal of their own have taken. */
  readonly taken: readonly SinkFact[];
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
  const { logs, journal } = await searchPlaces(search, sources);
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
    sink: [...linesOf(logs.get("notification.log") ?? "").flatMap(deliveryOf), ...sources.taken],
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
