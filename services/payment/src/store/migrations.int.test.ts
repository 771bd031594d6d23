import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { migrate } from "@holdfast/outbox";
import { useTestDatabase } from "@holdfast/testkit";
import { expect, test } from "@jest/globals";

const dir = resolve(import.meta.dirname, "../../migrations");
const db = useTestDatabase({ migrations: [dir] });

test("every migration can be undone and done again", async () => {
  const count = readdirSync(dir).length;
  const down = await migrate({ url: db.ownerUrl, dir, direction: "down", count });
  expect(down).toHaveLength(count);
  expect(await migrate({ url: db.ownerUrl, dir })).toEqual(down.toReversed());
});
