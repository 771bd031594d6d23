import { expect, test } from "@jest/globals";
import pg from "pg";
import { testStack } from "./test-stack.ts";

test("the stack's Postgres decodes its log logically", async () => {
  const client = new pg.Client({ connectionString: testStack().postgresAdminUrl });
  await client.connect();
  try {
    const { rows } = await client.query("SELECT current_setting('wal_level') AS level");
    expect(rows).toEqual([{ level: "logical" }]);
  } finally {
    await client.end();
  }
});

test("the stack's Connect has the Debezium Postgres connector", async () => {
  const answer = await fetch(`${testStack().connectUrl}/connector-plugins`);
  expect(await answer.text()).toContain("io.debezium.connector.postgresql.PostgresConnector");
});

test("the stack's registry answers", async () => {
  const answer = await fetch(`${testStack().schemaRegistryUrl}/subjects`);
  expect(answer.status).toBe(200);
});

test("a part that does not run is named", () => {
  expect(() => testStack().address("nowhere")).toThrow("nowhere does not run");
});
