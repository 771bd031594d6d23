import { describe, expect, test } from "@jest/globals";
import {
  noHistory,
  type RestartHistory,
  type RestartPolicy,
  superviseTask,
} from "./connector-supervision.ts";

const policy: RestartPolicy = {
  firstDelayMs: 100,
  maxDelayMs: 400,
  maxRestarts: 4,
  windowMs: 10_000,
  stableMs: 1_000,
};
const status = (state: string) => ({ connector: "outbox-order", task: 0, state });
const at = (now: number, state: string, history: RestartHistory) =>
  superviseTask(status(state), history, { now, policy });

describe("a supervised task", () => {
  test("is left alone while it runs", () => {
    expect(at(0, "RUNNING", noHistory).kind).toBe("leave");
  });

  test.each(["PAUSED", "UNASSIGNED", "RESTARTING"])("is left alone when %s", (state) => {
    expect(at(0, state, noHistory).kind).toBe("leave");
  });

  test("is restarted at once when it fails for the first time", () => {
    expect(at(0, "FAILED", noHistory)).toEqual({
      kind: "restart",
      history: { restartedAt: [0], runningSince: undefined },
    });
  });

  test("is restarted with a delay that doubles up to its maximum", () => {
    let history = noHistory;
    const restarts: number[] = [];
    for (let now = 0; now <= 1_200; now += 50) {
      const decision = at(now, "FAILED", history);
      if (decision.kind === "restart") restarts.push(now);
      history = decision.history;
    }
    expect(restarts).toEqual([0, 100, 300, 700]);
  });

  test("is given up on at the cap, until the window frees", () => {
    const history: RestartHistory = { restartedAt: [0, 1, 2, 3], runningSince: undefined };
    expect(at(5_000, "FAILED", history)).toMatchObject({ kind: "give-up", untilMs: 10_000 });
    expect(at(10_000, "FAILED", history).kind).toBe("restart");
  });

  test("is forgiven after it has run for a while", () => {
    const failed: RestartHistory = { restartedAt: [0, 1], runningSince: undefined };
    const running = at(100, "RUNNING", failed).history;
    expect(running.restartedAt).toHaveLength(2);
    expect(at(1_100, "RUNNING", running).history.restartedAt).toEqual([]);
  });

  test("is not forgiven when it fails before that", () => {
    const running = at(100, "RUNNING", { restartedAt: [0], runningSince: undefined }).history;
    expect(at(200, "FAILED", running).history.restartedAt).toEqual([0, 200]);
  });
});
