import { fileURLToPath } from "node:url";
import { runner } from "node-pg-migrate";
import pg from "pg";

/** The folder of this package's migrations; run them before the service's own. */
export const outboxMigrationsDir: string = fileURLToPath(new URL("../migrations", import.meta.url));

/** The table in which `migrate` remembers this package's migrations. */
export const outboxMigrationsTable = "outbox_migrations";

/** One folder of SQL migrations and the table that remembers which have run. */
export interface MigrateOptions {
  /** A login that owns the database. */
  readonly url: string;
  /** Absolute folder of `NNNN_name.sql` files with both `-- Up Migration` and `-- Down Migration`. */
  readonly dir: string;
  /** Default `migrations`. */
  readonly table?: string;
  /** Default up. `down` undoes the last `count` (default 1). */
  readonly direction?: "up" | "down";
  readonly count?: number;
}

/**
 * Runs the pending migrations in the order of their file names, all in one transaction, and resolves
 * to the names of those that ran. Idempotent; concurrent callers wait for each other. Rejects, having
 * changed nothing, when a migration fails.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const done = await runner({
    databaseUrl: options.url,
    dir: options.dir,
    migrationsTable: options.table ?? "migrations",
    direction: options.direction ?? "up",
    count: options.count ?? (options.direction === "down" ? 1 : Number.POSITIVE_INFINITY),
    singleTransaction: true,
    log: () => undefined,
  });
  return done.map(({ name }) => name);
}

/**
 * Lets a service's role read and write rows of every table in schema public, and nothing more: no DDL,
 * no change of outbox rows or of tables with a trigger `<table>_append_only`, no sight of the migration
 * tables. Run as owner after `migrate`. Idempotent.
 */
export async function grantService(options: { url: string; role: string }): Promise<void> {
  const client = new pg.Client({ connectionString: options.url });
  await client.connect();
  try {
    const role = client.escapeIdentifier(options.role);
    await client.query(`
      REVOKE CREATE ON SCHEMA public FROM PUBLIC;
      GRANT USAGE ON SCHEMA public TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role};
      GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
    for (const { name, rights } of await exceptions(client)) {
      await client.query(`REVOKE ${rights} ON ${client.escapeIdentifier(name)} FROM ${role}`);
    }
  } finally {
    await client.end();
  }
}

async function exceptions(client: pg.Client): Promise<{ name: string; rights: string }[]> {
  const { rows } = await client.query<{ name: string; rights: string }>(
    `SELECT relname AS name, CASE
         WHEN relname = ANY ($1) THEN 'ALL'
         WHEN relname = 'outbox' THEN 'UPDATE'
         ELSE 'UPDATE, DELETE, TRUNCATE' END AS rights
     FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND (
       relname = 'outbox' OR relname = ANY ($1) OR EXISTS (
         SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgname = relname || '_append_only'))`,
    [[outboxMigrationsTable, "migrations"]],
  );
  return rows;
}
