import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";

const packageDir = dirname(import.meta.dirname);
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});

/** A process that prints what its components do; `body` may use kit, say and service. */
function run(body: string, environment: Record<string, string> = {}) {
  const program = `
    import * as kit from "./src/index.ts";
    import { silentLogger as logger } from "@holdfast/telemetry";
    const say = (text) => process.stdout.write(text + "\\n");
    const readiness = kit.createReadiness();
    const part = (name, stop = async () => {}) => kit.component(name, {
      start: async () => say("start " + name),
      stop: async () => { say("stop " + name); await stop(); },
    });
    const service = (components, options = {}) =>
      kit.runService({ logger, readiness, components, ...options });
    const keepAlive = setInterval(() => {}, 1000);
    ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: packageDir,
    env: { PATH: process.env["PATH"], ...environment },
  });
  running.push(child);
  let output = "";
  const seen = new Map<string, () => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
      for (const [mark, resolve] of seen) if (output.includes(mark)) resolve();
    });
  }
  return {
    child,
    says: (mark: string) => new Promise<void>((resolve) => seen.set(mark, resolve)),
    ended: async () => {
      const [code] = await once(child, "close");
      return { code, lines: output.trim().split("\n") };
    },
  };
}

describe("a service", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "starts in order, and on %s is unready and stops in reverse",
    async (signal) => {
      const { child, says, ended } = run(`
        await service([part("database"), part("http", async () => {
          say("ready " + (await readiness.report()).ready);
        })]);
        say("running " + (await readiness.report()).ready);`);
      await says("running");
      child.kill(signal);
      child.kill(signal);
      expect(await ended()).toEqual({
        code: 0,
        lines: [
          "start database",
          "start http",
          "running true",
          "stop http",
          "ready false",
          "stop database",
        ],
      });
    },
  );

  test("exits with 1 when a part cannot be stopped, having stopped the others", async () => {
    const { child, says, ended } = run(`
      await service([part("database"), part("http", async () => { throw new Error("no"); })]);
      say("running");`);
    await says("running");
    child.kill("SIGTERM");
    const { code, lines } = await ended();
    expect([code, lines.at(-1)]).toEqual([1, "stop database"]);
  });

  test("exits with 1 when stopping takes longer than it may", async () => {
    const { child, says, ended } = run(`
      await service([part("http", () => new Promise(() => {}))], { stopTimeoutMs: 50 });
      say("running");`);
    await says("running");
    child.kill("SIGTERM");
    expect((await ended()).code).toBe(1);
  });

  test("that cannot start stops what had started and exits with 1", async () => {
    const { ended } = run(`
      await service([part("database"), kit.component("kafka", {
        start: async () => { throw new Error("no broker"); },
      }), part("http")]);`);
    const { code, lines } = await ended();
    expect([code, lines]).toEqual([1, ["start database", "stop database"]]);
  });

  test("exits with 1 at an error that nobody caught", async () => {
    const { ended } = run(`
      await service([part("http")]);
      void Promise.reject(new Error("lost"));`);
    expect((await ended()).code).toBe(1);
  });
});

test("a process names every variable that is missing or wrong at once and exits with 1", async () => {
  const { ended } = run(
    `import { z } from "zod";
     kit.parseEnvironment(z.object({
       ...kit.httpVariables, ...kit.kafkaVariables, CARD_VAULT_KEY: kit.variable.base64Key(32),
     }));
     say("unreachable");`,
    { PORT: "x", APP_ENV: "", CARD_VAULT_KEY: "c2hvcnQ=", KAFKA_BROKERS: "kafka:9092" },
  );
  const { code, lines } = await ended();
  expect(code).toBe(1);
  expect(lines).toEqual([
    "The environment is not usable:",
    "  APP_ENV is missing",
    "  CARD_VAULT_KEY: must be base64 of 32 bytes",
    expect.stringMatching(/^ {2}PORT: /),
    "  SCHEMA_CACHE_DIR is missing",
    "  SCHEMA_REGISTRY_URL is missing",
  ]);
});
