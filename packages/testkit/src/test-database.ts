import type { EventName, Events, TopicName } from "@holdfast/contracts";
import { createDatabase, type Database, type DatabaseOptions } from "@holdfast/outbox";
import pg from "pg";
import { jsonCodec } from "./json-codec.ts";
import { createSequentialIds, type SequentialIds } from "./sequential-ids.ts";
import { asAdmin, cloneTemplate, serviceRole, urlOf } from "./template-database.ts";
import { waitFor } from "./wait-for.ts";

// Taken from the test environment when needed: "@jest/globals" cannot be imported outside of it, and
// global set-ups import this package too.
interface Hooks {
  readonly beforeAll: (hook: () => Promise<void>) => void;
  readonly afterAll: (hook: () => Promise<void>) => void;
}

/** One row of the outbox, decoded. */
export interface PublishedEvent {
  readonly id: string;
  readonly topic: TopicName;
  readonly type: EventName;
  readonly event: Events[EventName];
  readonly key: string;
  readonly entityId: string;
  readonly entityVersion: number;
  readonly partition: number | null;
  readonly traceparent: string | null;
}

/** A database of one test file. */
export interface TestDatabase {
  /** As the service's role: rows only. */
  readonly url: string;
  /** As the owner. */
  readonly ownerUrl: string;
  /** Opened with the service's role, JSON in place of Avro, predictable ids. */
  readonly database: Database;
  readonly ids: SequentialIds;
  /** Opens another pool, e.g. for a second process; closed at the end of the file. */
  open(options?: Partial<DatabaseOptions>): Database;
  /** Everything published so far, in the order of publication. */
  published(): Promise<PublishedEvent[]>;
  /** Empties every table but those named in `keep`, and starts sequences anew; `ids` go on counting. */
  clear(options?: { readonly keep?: readonly string[] }): Promise<void>;
}

/**
 * Gives the test file a real Postgres database of its own, copied from a migrated template (a few
 * milliseconds per file), and drops it afterwards. Call it at the top of the file, once; use the
 * result in tests and hooks. Fails the file when it leaves a connection open that this fixture did
 * not open: what leaks in a test leaks in production.
 *
 * `migrations`: absolute folders of the service's migrations; the outbox's own always come first.
 */
export function useTestDatabase(
  options: { readonly migrations?: readonly string[] } = {},
): TestDatabase {
  // Unique among the jest workers and runs that share one Postgres.
  const name = `holdfast_test_${process.pid}_${Date.now().toString(36)}`;
  const ids = createSequentialIds();
  const opened: Database[] = [];
  const open = (overrides: Partial<DatabaseOptions> = {}): Database => {
    const database = createDatabase({
      url: urlOf(name, serviceRole),
      applicationName: "fixture",
      ids,
      codec: jsonCodec,
      ...overrides,
    });
    opened.push(database);
    return database;
  };
  let database: Database | undefined;
  let owner: pg.Client | undefined;
  const { beforeAll, afterAll } = globalThis as unknown as Hooks;
  beforeAll(async () => {
    await cloneTemplate(name, options.migrations ?? []);
    database = open();
    owner = new pg.Client({ connectionString: urlOf(name), application_name: "fixture" });
    // Some tests take the server down; without a listener that would be an uncaught exception.
    owner.on("error", () => undefined);
    await owner.connect();
  });
  afterAll(async () => {
    await owner?.end().catch(() => undefined);
    await Promise.all(opened.map((each) => each.close()));
    await dropWithoutLeaks(name);
  });
  const ready = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("Use the test database inside tests and hooks");
    return part;
  };
  return {
    get url() {
      return urlOf(name, serviceRole);
    },
    get ownerUrl() {
      return urlOf(name);
    },
    get database() {
      return ready(database);
    },
    ids,
    open,
    published: () => readOutbox(ready(database)),
    clear: ({ keep = [] } = {}) => clearTables(ready(owner), keep),
  };
}

async function dropWithoutLeaks(name: string): Promise<void> {
  await asAdmin(async (client) => {
    const openConnections = async (): Promise<string[]> => {
      const { rows } = await client.query<{ text: string }>(
        `SELECT concat_ws(' ', application_name, state, left(query, 80)) AS text
         FROM pg_stat_activity WHERE datname = $1`,
        [name],
      );
      return rows.map(({ text }) => text);
    };
    try {
      // A closed connection takes the server a moment to forget.
      await waitFor(async () => (await openConnections()).length === 0, { limitMs: 2_000 });
    } catch (cause) {
      const left = await openConnections();
      throw new Error(`The test left connections open:\n${left.join("\n")}`, { cause });
    } finally {
      await client.query(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1",
        [name],
      );
      await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  });
}

/**
 * Deletes rather than truncates: truncation makes new files of every table and index, which for the few
 * rows of a test takes ten times as long. Foreign keys and append-only triggers stand aside meanwhile.
 */
async function clearTables(owner: pg.Client, keep: readonly string[]): Promise<void> {
  const { rows } = await owner.query<{ statement: string }>(
    `SELECT format('DELETE FROM %I', tablename) AS statement FROM pg_tables
       WHERE schemaname = 'public' AND tablename NOT IN ('migrations', 'outbox_migrations')
         AND tablename <> ALL ($1)
     UNION ALL
     SELECT format('SELECT setval(%L, %s, false)', format('%I', sequencename), start_value)
       FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
         AND sequencename !~ '^(migrations|outbox_migrations)_'`,
    [keep],
  );
  const statements = rows.map(({ statement }) => statement);
  // Several statements in one message are one transaction.
  await owner.query(["SET LOCAL session_replication_role = replica", ...statements].join(";\n"));
}

async function readOutbox(database: Database): Promise<PublishedEvent[]> {
  const { rows } = await database.read<PublishedEvent & { payload: Buffer }>(
    `SELECT id, aggregatetype AS topic, aggregateid AS key, payload, entity_id AS "entityId",
       entity_version AS "entityVersion", partition, traceparent
     FROM outbox ORDER BY lsn, id`,
  );
  return rows.map(({ payload, ...row }) => ({ ...row, ...jsonCodec.decode(payload) }));
}
