import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type IncomingRecord, type KafkaClient, tail } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import type { CardNumberFact } from "../invariants/facts.ts";
import { waitFor } from "../wait-for.ts";
import { type CardScanner, createCardScanner } from "./card-scanner.ts";
import { databases, readWholeDatabase } from "./databases.ts";
import { suiteTopics } from "./log.ts";

/** Where a suite keeps what it was told, apart from its topics. */
export interface SearchedPlaces {
  readonly postgresAdminUrl: string;
  readonly providerUrl: string;
  /** The folder of all parts' logs. */
  readonly logsDir: string;
  readonly zipkinUrl: string | undefined;
}

/** Gathers where card numbers lie; each place and encoding once. */
export class CardSearch {
  readonly #scanner: CardScanner;
  readonly #found = new Map<string, CardNumberFact>();

  constructor(scanner: CardScanner) {
    this.#scanner = scanner;
  }

  get found(): CardNumberFact[] {
    return [...this.#found.values()];
  }

  text(where: string, text: string): void {
    for (const { card, encoding } of this.#scanner.scan(text)) {
      this.#found.set(`${where} ${card} ${encoding}`, { where, card, encoding });
    }
  }

  /** Key, value and headers, byte by byte. */
  record({ topic, key, value, rawHeaders }: IncomingRecord): void {
    const parts = [key, value, ...Object.values(rawHeaders)];
    this.text(`topic ${topic}`, parts.map((part) => part?.toString("latin1") ?? "").join("\n"));
  }
}

/** What was read on the way, for whoever needs it besides. */
export interface Read {
  /** File name → text. */
  readonly logs: ReadonlyMap<string, string>;
  readonly journal: string;
}

/** Searches every table, log, the provider's journal and the newest traces. */
export async function searchPlaces(search: CardSearch, places: SearchedPlaces): Promise<Read> {
  const logs = await readLogs(places.logsDir);
  const journal = await readText(`${places.providerUrl}/journal`);
  for (const database of databases) {
    await readWholeDatabase(places.postgresAdminUrl, database, (table, row) =>
      search.text(`database ${database}, table ${table}`, row),
    );
  }
  for (const [name, text] of logs) search.text(`log ${name}`, text);
  search.text("the provider's journal", journal);
  search.text("traces", await readTraces(places.zipkinUrl));
  return { logs, journal };
}

/** What is looked for in a suite, and where. */
export interface CanarySearch extends SearchedPlaces {
  readonly kafka: KafkaClient;
  /** What services say of themselves over HTTP, such as their /metrics. */
  readonly pages: readonly string[];
  readonly cardNumbers: readonly string[];
  readonly securityCodes: readonly string[];
}

/** Every place of a suite where one of the numbers or codes lies, its raw topics included. */
export async function findCanaries(options: CanarySearch): Promise<CardNumberFact[]> {
  const { kafka, pages, cardNumbers, securityCodes } = options;
  const search = new CardSearch(createCardScanner(cardNumbers, securityCodes));
  const topics = await suiteTopics(kafka);
  const all = tail({ kafka, topics, from: "beginning", until: "end", logger: silentLogger });
  for await (const record of all) search.record(record);
  await searchPlaces(search, options);
  for (const page of pages) search.text(page, await readText(page));
  return search.found;
}

async function readLogs(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder);
  const texts = names.map(async (name) => {
    return [name, await readFile(join(folder, name), "utf8")] as const;
  });
  return new Map(await Promise.all(texts));
}

/** The body of a page. Rejects unless it is answered with 2xx. */
export async function readText(url: string): Promise<string> {
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
