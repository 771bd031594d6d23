import { describe, expect, test } from "@jest/globals";
import { defaultRestartPolicy, type TaskStatus, taskKey } from "../domain/connector-supervision.ts";
import type { ConnectClient, ConnectorStatus } from "../setup/connect-client.ts";
import { createConnectorSupervisor } from "./connectors.ts";

function world(initial: Record<string, ConnectorStatus | undefined>) {
  const statuses = new Map(Object.entries(initial));
  const told: string[] = [];
  let now = 0;
  let away = false;
  const client: ConnectClient = {
    put: async () => undefined,
    status: async (name) => {
      if (away) throw new Error("connect is away");
      return statuses.get(name);
    },
    restart: async (task: TaskStatus) => {
      told.push(`restart ${taskKey(task)}`);
    },
    stop: async () => undefined,
    resume: async () => undefined,
    storedPosition: async () => undefined,
    forgetPosition: async () => undefined,
  };
  const supervisor = createConnectorSupervisor({
    client,
    connectors: [...statuses.keys()],
    recreate: async (name) => {
      statuses.set(name, { name, state: "RUNNING", tasks: [{ id: 0, state: "RUNNING" }] });
    },
    clock: { now: () => now },
    policy: { ...defaultRestartPolicy, maxRestarts: 1 },
    events: {
      restarted: () => undefined,
      gaveUp: (task) => told.push(`gave up ${taskKey(task)}`),
      recreated: (name) => told.push(`recreated ${name}`),
    },
  });
  const setAway = (value: boolean) => {
    away = value;
  };
  return { supervisor, told, setAway, advance: (ms: number) => (now += ms) };
}

const running = (name: string): ConnectorStatus => ({
  name,
  state: "RUNNING",
  tasks: [{ id: 0, state: "RUNNING" }],
});

describe("the connector supervisor", () => {
  test("leaves running connectors alone and reports what it saw", async () => {
    const { supervisor, told } = world({ "outbox-order": running("outbox-order") });
    await supervisor.tick();
    expect(told).toEqual([]);
    expect(supervisor.lastSeen()).toEqual([running("outbox-order")]);
  });

  test("restarts only the task that failed, and gives up once at the cap", async () => {
    const failed: ConnectorStatus = {
      name: "outbox-order",
      state: "RUNNING",
      tasks: [{ id: 0, state: "FAILED", error: "connection refused" }],
    };
    const { supervisor, told, advance } = world({ "outbox-order": failed });
    await supervisor.tick();
    advance(60_000);
    await supervisor.tick();
    advance(60_000);
    await supervisor.tick();
    expect(told).toEqual(["restart outbox-order/0", "gave up outbox-order/0"]);
  });

  test("makes a forgotten connector again", async () => {
    const { supervisor, told } = world({ "cdc-order": undefined });
    await supervisor.tick();
    await supervisor.tick();
    expect(told).toEqual(["recreated cdc-order"]);
    expect(supervisor.lastSeen()).toEqual([running("cdc-order")]);
  });

  test("does not go on reporting what it saw before Kafka Connect went away", async () => {
    const { supervisor, setAway } = world({ "cdc-order": running("cdc-order") });
    await supervisor.tick();
    setAway(true);
    await expect(supervisor.tick()).rejects.toThrow("connect is away");
    expect(supervisor.lastSeen()).toEqual([{ name: "cdc-order", state: "UNREACHABLE", tasks: [] }]);
    setAway(false);
    await supervisor.tick();
    expect(supervisor.lastSeen()).toEqual([running("cdc-order")]);
  });
});
