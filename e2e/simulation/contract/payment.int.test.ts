import { resolve } from "node:path";
import { useTestDatabase } from "@holdfast/testkit";
import { beforeEach, expect, test } from "@jest/globals";
import { outboxCases } from "./outbox.ts";
import { paymentContract } from "./payment.ts";

const service = resolve(import.meta.dirname, "../../../services/payment");
const db = useTestDatabase({ migrations: [resolve(service, "migrations")] });

beforeEach(async () => {
  await db.clear();
  for (const sql of paymentContract.seed.sql) await db.database.read(sql);
});

test.each([...outboxCases, ...paymentContract.cases])("in Postgres: $name", async (one) => {
  expect(await one.ask(db.database)).toEqual(one.expected);
});
