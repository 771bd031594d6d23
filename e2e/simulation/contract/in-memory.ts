import { createDatabaseOn, type Database } from "@holdfast/outbox";
import { createSequentialIds, jsonCodec } from "@holdfast/testkit";
import { Engine } from "../postgres/engine.ts";
import { createPool } from "../postgres/pool.ts";
import { createLookup, type StatementTable } from "../postgres/statement-table.ts";
import { SimulatedProcess } from "../world/process.ts";
import { beginningMs, Scheduler } from "../world/scheduler.ts";
import type { Seed } from "./contract.ts";

const longMs = 60_000;

/** Lets `ask` work on a database in memory, at simulated speed. */
export async function inMemory<T>(
  statements: StatementTable,
  seed: Seed,
  ask: (database: Database) => Promise<T>,
): Promise<T> {
  const scheduler = new Scheduler(1);
  const engine = new Engine(scheduler);
  for (const [table, rows] of Object.entries(seed.rows)) {
    engine.seed(table, new Map(Object.entries(rows)));
  }
  const process = new SimulatedProcess(scheduler, { name: "contract" });
  const faults = { lostRequests: 0, lostAnswers: 0 };
  const lookup = createLookup(statements);
  const pool = createPool({ scheduler, engine, process, lookup, faults });
  const database = createDatabaseOn(pool, { ids: createSequentialIds(), codec: jsonCodec });
  let asked = false;
  const answer = ask(database).finally(() => {
    asked = true;
  });
  for (let untilMs = beginningMs + longMs; !asked; untilMs += longMs) await scheduler.run(untilMs);
  await database.close();
  return answer;
}
