import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "@jest/globals";
import { endProcess, isAlive, type ProcessRef, refOf, signalProcess } from "./process-ref.ts";

const children = new Set<ReturnType<typeof spawn>>();
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
});

async function start(program: string): Promise<ProcessRef> {
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  await once(child.stdout, "data");
  const ref = refOf(child.pid ?? 0);
  if (!ref) throw new Error("the child does not live");
  return ref;
}

const idle = "console.log('up'); setInterval(() => {}, 1000);";

test("a process is alive until it has ended", async () => {
  const ref = await start(idle);
  expect(isAlive(ref)).toBe(true);
  await endProcess(ref, "SIGTERM", 5000);
  expect(isAlive(ref)).toBe(false);
});

test("a pid that belongs to a later process is never signalled", async () => {
  const ref = await start(idle);
  const earlier = { pid: ref.pid, began: "before" };
  expect(isAlive(earlier)).toBe(false);
  expect(signalProcess(earlier, "SIGKILL")).toBe(false);
  await endProcess(earlier, "SIGKILL", 100);
  expect(isAlive(ref)).toBe(true);
});

test("a process that does not listen is ended all the same", async () => {
  const ref = await start(`process.on("SIGTERM", () => {}); ${idle}`);
  await endProcess(ref, "SIGTERM", 50);
  expect(isAlive(ref)).toBe(false);
});

test("a stopped process is ended", async () => {
  const ref = await start(idle);
  signalProcess(ref, "SIGSTOP");
  await endProcess(ref, "SIGTERM", 5000);
  expect(isAlive(ref)).toBe(false);
});
