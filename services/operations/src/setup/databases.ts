import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  ensureReplicationSlot,
  grantService,
  migrate,
  outboxMigrationsDir,
  outboxMigrationsTable,
} from "@holdfast/outbox";
import pg from "pg";
import type { ConnectorPlan, DatabasePlan } from "../domain/plan.ts";

/** The role that Debezium logs in with: it may replicate, and read what is captured. */
export const captureRole = "debezium";

/** How to reach the server as its owner, and the passwords that the roles get. */
export interface DatabaseSettings {
  readonly adminUrl: string;
  /** Folder that holds services/ and infra/. */
  readonly root: string;
  readonly passwords: Readonly<Record<string, string>>;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The owner's login, on one of the server's databases. */
export function databaseUrl(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.toString();
}

async function ensureRole(client: pg.Client, role: string, password: string): Promise<void> {
  const name = client.escapeIdentifier(role);
  const login = `LOGIN PASSWORD ${client.escapeLiteral(password)}`;
  const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
  await client.query(`${rowCount === 0 ? "CREATE" : "ALTER"} ROLE ${name} ${login}`);
}

async function ensureDatabase(client: pg.Client, database: string): Promise<void> {
  const name = client.escapeIdentifier(database);
  const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]);
  if (found.rowCount === 0) await client.query(`CREATE DATABASE ${name}`);
  await client.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
  await client.query(
    `GRANT CONNECT ON DATABASE ${name} TO ${client.escapeIdentifier(database)}, ${captureRole}`,
  );
}

async function grantCapture(url: string, plan: DatabasePlan): Promise<void> {
  const captured = [...(plan.outbox ? ["public.outbox"] : []), ...(plan.cdc?.tables ?? [])];
  if (captured.length === 0) return;
  await withClient(url, async (client) => {
    await client.query(`GRANT USAGE ON SCHEMA public TO ${captureRole}`);
    await client.query(`GRANT SELECT ON ${captured.join(", ")} TO ${captureRole}`);
    if (plan.cdc === undefined) return;
    const { rowCount } = await client.query(
      "SELECT 1 FROM pg_publication WHERE pubname = 'holdfast_cdc'",
    );
    const verb =
      rowCount === 0 ? "CREATE PUBLICATION holdfast_cdc FOR" : "ALTER PUBLICATION holdfast_cdc SET";
    await client.query(`${verb} TABLE ${plan.cdc.tables.join(", ")}`);
  });
}

function passwordOf(settings: DatabaseSettings, role: string): string {
  const password = settings.passwords[role];
  if (password === undefined) throw new Error(`no password is set for role ${role}`);
  return password;
}

/**
 * Makes one service's database: role, database, tables, grants, publications. The migrations run as
 * the owner; the service's own role can change rows but no tables. Idempotent.
 */
export async function setUpDatabase(settings: DatabaseSettings, plan: DatabasePlan): Promise<void> {
  await withClient(settings.adminUrl, async (client) => {
    await ensureRole(client, plan.database, passwordOf(settings, plan.database));
    await ensureDatabase(client, plan.database);
  });
  const url = databaseUrl(settings.adminUrl, plan.database);
  await migrate({ url, dir: outboxMigrationsDir, table: outboxMigrationsTable });
  await migrate({ url, dir: join(settings.root, plan.migrations) });
  await grantService({ url, role: plan.database });
  await grantCapture(url, plan);
}

/** Makes the role that Debezium logs in with. Idempotent; runs before the databases are set up. */
export async function setUpCaptureRole(settings: DatabaseSettings): Promise<void> {
  await withClient(settings.adminUrl, async (client) => {
    await ensureRole(client, captureRole, passwordOf(settings, captureRole));
    await client.query(`ALTER ROLE ${captureRole} REPLICATION`);
  });
}

/** Makes the slot that a connector reads, before the first row that it must deliver. Idempotent. */
export async function setUpSlot(settings: DatabaseSettings, plan: ConnectorPlan): Promise<boolean> {
  return ensureReplicationSlot({
    url: databaseUrl(settings.adminUrl, plan.database),
    slot: plan.slot,
  });
}

/** Fills one database with its part of the demo catalogue. Rows that are there stay as they are. */
export async function seedDatabase(settings: DatabaseSettings, plan: DatabasePlan): Promise<void> {
  if (plan.seed === undefined) return;
  const statement = readFileSync(join(settings.root, plan.seed), "utf8");
  const catalogue = readFileSync(join(settings.root, "infra/seed/catalogue.json"), "utf8");
  await withClient(databaseUrl(settings.adminUrl, plan.database), async (client) => {
    for (const part of statement.split(/;\s*$/m).filter((text) => text.trim() !== "")) {
      await client.query(part, [catalogue]);
    }
  });
}
