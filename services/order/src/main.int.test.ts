import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "@jest/globals";

test("a start without its environment names everything that is missing and exits with 1", async () => {
  const { code, stderr } = await start({});
  expect(code).toBe(1);
  const missing = [...stderr.matchAll(/(\w+) is missing/g)].map(([, name]) => name);
  expect(missing).toEqual([
    "APP_ENV",
    "DATABASE_URL",
    "KAFKA_BROKERS",
    "PAYMENT_API_KEY",
    "PAYMENT_URL",
    "PORT",
    "SCHEMA_CACHE_DIR",
    "SCHEMA_REGISTRY_URL",
  ]);
});

function start(env: NodeJS.ProcessEnv): Promise<{ code: number; stderr: string }> {
  const main = resolve(import.meta.dirname, "main.ts");
  return new Promise((done) => {
    execFile(process.execPath, [main], { env }, (error, _stdout, stderr) => {
      done({ code: Number(error?.code ?? 0), stderr });
    });
  });
}
