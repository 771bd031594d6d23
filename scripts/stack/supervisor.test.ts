import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Tools } from "./launchers/launch.ts";
import type { NativePart } from "./plan.ts";
import { Supervisor } from "./supervisor.ts";

const tools: Tools = { root: "/", javaHome: "/", parts: "/", cache: "/", jaeger: null };

let home = "";
let supervisor: Supervisor;
let changes: string[] = [];
let onChange: () => void = () => {};

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "holdfast-supervisor-"));
  changes = [];
});
afterEach(async () => {
  await supervisor.stop();
  rmSync(home, { recursive: true, force: true });
});

const server = (port: number) =>
  `require("net").createServer().listen(${port}, "127.0.0.1"); console.log("listening");`;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

async function part(name: string, change: Partial<NativePart> = {}): Promise<NativePart> {
  const port = await freePort();
  return {
    name,
    launcher: "node",
    command: ["node", "-e", server(port)],
    environment: {},
    ports: new Map(),
    cwd: home,
    dataDir: join(home, name),
    logFile: join(home, `${name}.log`),
    mounts: new Map(),
    dependsOn: {},
    probe: { kind: "tcp", port },
    restart: true,
    runsToEnd: false,
    stopGraceMs: 5000,
    ...change,
  };
}

function supervise(...parts: NativePart[]): Supervisor {
  const last = new Map<string, string>();
  supervisor = new Supervisor(parts, tools, () => {
    for (const [name, view] of Object.entries(supervisor.views)) {
      if (last.get(name) !== view.state) changes.push(`${name} ${view.state}`);
      last.set(name, view.state);
    }
    onChange();
  });
  return supervisor;
}

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    onChange = () => condition() && resolve();
    onChange();
  });
}

const waitsFor = (name: string) => ({ dependsOn: { [name]: "service_healthy" } }) as const;

test("a part starts when what it waits for is healthy, and stops before it", async () => {
  const below = await part("below");
  await supervise(below, await part("above", waitsFor("below"))).start();
  await supervisor.stop();
  const at = (change: string) => changes.indexOf(change);
  expect(at("below healthy")).toBeLessThan(at("above starting"));
  expect(at("above healthy")).toBeLessThan(at("above stopping"));
  expect(at("above stopped")).toBeLessThan(at("below stopping"));
});

test("a part that runs to its end is done then, and whoever waits for it starts after that", async () => {
  const task = { probe: null, restart: false, runsToEnd: true };
  const below = await part("below", { ...task, command: ["node", "-e", "0"] });
  await supervise(below, await part("above", waitsFor("below"))).start();
  const at = (change: string) => changes.indexOf(change);
  expect(at("below done")).toBeGreaterThan(-1);
  expect(at("below done")).toBeLessThan(at("above starting"));
  expect(supervisor.views["below"]?.process).toBeNull();
});

test("a part that runs to a bad end fails the run", async () => {
  const task = { probe: null, restart: false, runsToEnd: true };
  const broken = await part("broken", { ...task, command: ["node", "-e", "process.exit(3)"] });
  await expect(supervise(broken).start()).rejects.toThrow("broken ended while starting");
});

test("a part that cannot start fails the run with the end of its log", async () => {
  const broken = await part("broken", {
    command: ["node", "-e", "console.log('the reason'); process.exit(3)"],
  });
  await expect(supervise(broken).start()).rejects.toThrow(
    /broken ended while starting\s+the reason/,
  );
  expect(supervisor.views["broken"]?.state).toBe("failed");
});

test("a part that is killed comes back as another process", async () => {
  await supervise(await part("a")).start();
  const first = supervisor.views["a"]?.process?.pid;
  supervisor.signalPart("a", "SIGKILL");
  await until(
    () => supervisor.views["a"]?.state === "healthy" && supervisor.views["a"].restarts === 1,
  );
  expect(supervisor.views["a"]?.process?.pid).not.toBe(first);
});

test("a part that is held down stays down until it is started", async () => {
  await supervise(await part("a")).start();
  await supervisor.stopPart("a", "SIGKILL");
  expect(supervisor.views["a"]).toMatchObject({ state: "stopped", process: null });
  await supervisor.startPart("a");
  expect(supervisor.views["a"]).toMatchObject({ state: "healthy", restarts: 0 });
});

test("a name that is not in the run is refused", async () => {
  await supervise(await part("a")).start();
  await expect(supervisor.stopPart("b")).rejects.toThrow('no part "b"');
});
