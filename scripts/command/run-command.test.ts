import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import pg from "pg";
import { explain, Misuse, runCommand } from "./run-command.ts";

const npmName = process.env["npm_lifecycle_event"];
let told: string[];

beforeEach(() => {
  told = [];
  for (const method of ["log", "error"] as const) {
    jest.spyOn(console, method).mockImplementation((line) => told.push(String(line)));
  }
  process.env["npm_lifecycle_event"] = "greet";
});
afterEach(() => {
  jest.restoreAllMocks();
  process.exitCode = 0;
  if (npmName === undefined) delete process.env["npm_lifecycle_event"];
  else process.env["npm_lifecycle_event"] = npmName;
});

/** Runs a command that greets whom it is told to; resolves to its exit code. */
async function greet(...args: string[]): Promise<unknown> {
  await runCommand(
    {
      help: "Greets.",
      options: { name: { type: "string", default: "you" } },
      run: ({ values: { name } }) => {
        if (name === "nobody") throw new Misuse("--name takes somebody");
        console.log(`hello ${name}`);
        return name === "foe" ? 1 : 0;
      },
    },
    args,
  );
  const code = process.exitCode;
  process.exitCode = 0;
  return code;
}

describe("a command", () => {
  test.each([
    { args: ["--name", "ann"], code: 0, says: "hello ann" },
    { args: [], code: 0, says: "hello you" },
    { args: ["--name", "foe"], code: 1, says: "hello foe" },
    { args: ["--help", "--name", "ann"], code: 0, says: "Greets." },
  ])("$args exits with $code", async ({ args, code, says }) => {
    expect([await greet(...args), told]).toEqual([code, [says]]);
  });

  test.each([
    { args: ["--nam", "ann"], says: "Unknown option '--nam'" },
    { args: ["ann"], says: "Unexpected argument 'ann'" },
    { args: ["--name"], says: "Option '--name <value>' argument missing" },
    { args: ["--name", "nobody"], says: "--name takes somebody" },
  ])("$args is a misuse, and the help is pointed at", async ({ args, says }) => {
    expect(await greet(...args)).toBe(2);
    expect(told).toEqual([`${says}\nnpm run greet -- --help tells what it takes.`]);
  });
});

describe("an error is explained", () => {
  test("by the address that nobody listens at, whoever asked it", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await new Promise((closed) => server.close(closed));
    const client = new pg.Client({ host: "127.0.0.1", port });
    const asked = [fetch(`http://127.0.0.1:${port}`), client.connect()];
    for (const outcome of await Promise.allSettled(asked)) {
      const { reason } = outcome as PromiseRejectedResult;
      expect(explain(reason)).toMatch(`Nothing answers at 127.0.0.1:${port}.`);
    }
  });

  test("by the file that is not there", async () => {
    const error = await readFile("nowhere/rules.yaml").catch((reason: unknown) => reason);
    expect(explain(error)).toBe("There is no nowhere/rules.yaml");
  });
});
