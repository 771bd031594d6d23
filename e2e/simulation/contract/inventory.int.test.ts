import { resolve } from "node:path";
import { useTestDatabase } from "@holdfast/testkit";
import { beforeEach, expect, test } from "@jest/globals";
import { inventoryContract } from "./inventory.ts";
import { outboxCases } from "./outbox.ts";

const service = resolve(import.meta.dirname, "../../../services/inventory");
const db = useTestDatabase({ migrations: [resolve(service, "migrations")] });

beforeEach(async () => {
  await db.clear();
  for (const sql of inventoryContract.seed.sql) await db.database.read(sql);
});

test.each([...outboxCases, ...inventoryContract.cases])("in Postgres: $name", async (one) => {
  expect(await one.ask(db.database)).toEqual(one.expected);
});
