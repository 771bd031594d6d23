import { silentLogger } from "@holdfast/telemetry";
import { describe, expect, test } from "@jest/globals";
import { createSetup, type Step } from "./steps.ts";

function setupOf(steps: readonly Step[]) {
  let now = 0;
  return createSetup(steps, {
    clock: { now: () => now },
    logger: silentLogger,
    stepLimitMs: 3_000,
    retryDelayMs: 1_000,
    pause: async (ms) => {
      now += ms;
    },
  });
}

/** A step that fails the given number of times. */
function flaky(name: string, failures: number, ran: string[]): Step {
  let left = failures;
  return {
    name,
    run: async () => {
      if (left-- > 0) throw new Error(`${name} is not there yet`);
      ran.push(name);
    },
  };
}

describe("the set-up", () => {
  test("runs every step once, in order, waiting for those that are not ready", async () => {
    const ran: string[] = [];
    const setup = setupOf([flaky("databases", 2, ran), flaky("topics", 0, ran)]);
    await setup.run();
    expect(ran).toEqual(["databases", "topics"]);
    expect(setup.report()).toEqual([
      { name: "databases", state: "done", attempts: 3 },
      { name: "topics", state: "done", attempts: 1 },
    ]);
  });

  test("gives up on a step at its limit, says which, and leaves the rest undone", async () => {
    const ran: string[] = [];
    const setup = setupOf([flaky("databases", 99, ran), flaky("topics", 0, ran)]);
    await expect(setup.run()).rejects.toThrow("databases is not there yet");
    expect(setup.report()).toMatchObject([{ state: "failed" }, { state: "waiting" }]);
    expect(ran).toEqual([]);
  });
});
