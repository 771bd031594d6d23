import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  grantService,
  migrate,
  outboxMigrationsDir,
  outboxMigrationsTable,
} from "@holdfast/outbox";
import pg from "pg";
import { testStack } from "./stack/test-stack.ts";

/** The login with the rights of a service: reads and writes rows, no DDL. */
export const serviceRole = "holdfast_test_service";

/** The superuser of the test run's Postgres; HOLDFAST_TEST_POSTGRES_URL names one without a stack. */
export function adminUrl(): string {
  return process.env["HOLDFAST_TEST_POSTGRES_URL"] ?? testStack().postgresAdminUrl;
}

/** `url` with another database, and with another login if one is given. */
export function urlOf(database: string, login?: string): string {
  const url = new URL(adminUrl());
  url.pathname = `/${database}`;
  if (login !== undefined) {
    url.username = login;
    url.password = login;
  }
  return url.toString();
}

/** Runs `work` on a connection of its own as superuser. */
export async function asAdmin<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: adminUrl() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Creates `name` as a copy of the migrated template of these migration folders. */
export async function cloneTemplate(name: string, migrations: readonly string[]): Promise<void> {
  const template = `holdfast_template_${fingerprint(migrations)}`;
  await asAdmin(async (client) => {
    // Test files of several workers want the same template; one makes it. Postgres also refuses to
    // copy a template that somebody is connected to.
    await client.query("SELECT pg_advisory_lock(hashtext('holdfast template'))");
    await ensureTemplate(client, template, migrations);
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
}

async function ensureTemplate(
  client: pg.Client,
  template: string,
  migrations: readonly string[],
): Promise<void> {
  const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [template]);
  if (rowCount === 1) return;
  await ensureServiceRole(client);
  const unfinished = `${template}_unfinished`;
  await client.query(`DROP DATABASE IF EXISTS ${unfinished}`);
  await client.query(`CREATE DATABASE ${unfinished}`);
  const url = urlOf(unfinished);
  await migrate({ url, dir: outboxMigrationsDir, table: outboxMigrationsTable });
  for (const dir of migrations) await migrate({ url, dir });
  await grantService({ url, role: serviceRole });
  await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
}

async function ensureServiceRole(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [serviceRole]);
  if (rowCount === 1) return;
  await client.query(`CREATE ROLE ${serviceRole} LOGIN PASSWORD '${serviceRole}'`);
}

function fingerprint(migrations: readonly string[]): string {
  const hash = createHash("sha256");
  for (const dir of [outboxMigrationsDir, ...migrations]) {
    for (const file of readdirSync(dir).sort()) {
      hash.update(file).update(readFileSync(join(dir, file)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}
