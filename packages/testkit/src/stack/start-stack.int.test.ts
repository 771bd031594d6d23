import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type StartedStack, startStack } from "./start-stack.ts";
import { type StackControl, testStack } from "./test-stack.ts";

let stack: StartedStack;
let control: StackControl;

beforeAll(async () => {
  stack = await startStack({ name: `control-${process.pid}`, only: ["postgres"] });
  control = testStack(stack.runFile).control;
}, 60_000);
afterAll(() => stack.stop());

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a part that is held down has no process until it is started again", async () => {
  const first = control.pid("postgres") ?? 0;
  await control.stop("postgres", "SIGKILL");
  expect(isAlive(first)).toBe(false);
  expect(control.pid("postgres")).toBeNull();
  await control.start("postgres");
  expect(control.pid("postgres")).toEqual(expect.any(Number));
});

test("an order for a part that does not run is refused with a reason", async () => {
  await expect(control.start("kafka")).rejects.toThrow('no part "kafka"');
});

test("stopping the stack ends its processes and wipes its run file", async () => {
  const pid = control.pid("postgres") ?? 0;
  await stack.stop();
  expect(isAlive(pid)).toBe(false);
  expect(() => testStack(stack.runFile)).toThrow(/ENOENT/);
});
