import { expect, test } from "@jest/globals";
import { beginningMs, Scheduler } from "../world/scheduler.ts";
import { Engine, type Statement } from "./engine.ts";

const longMs = 60_000;

/** A statement that locks these rows, in order, and tells their names. */
function locking(...keys: readonly string[]): Statement {
  return {
    locks: () => keys.map((key) => ["rows", key] as const),
    run: () => keys.map((key) => ({ key })),
  };
}

test("after a crash no lock is held, not even by who was waiting for one", async () => {
  const scheduler = new Scheduler(1);
  const engine = new Engine(scheduler);
  await engine.execute(engine.begin(), locking("first"), []);
  const waiting = engine.execute(engine.begin(), locking("first", "second"), []);
  engine.crash(0);
  await expect(waiting).rejects.toMatchObject({ code: "57P01" });
  const after = engine.execute(engine.begin(), locking("first", "second"), []);
  const [answer] = await Promise.allSettled([after, scheduler.run(beginningMs + longMs)]);
  expect(answer).toMatchObject({ status: "fulfilled" });
});
