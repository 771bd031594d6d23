import { describe, expect, test } from "@jest/globals";
import { connectorJobs } from "./connector-lineage.ts";
import { planConnectors } from "./plan.ts";

const plans = planConnectors([
  {
    database: "payment",
    migrations: "m",
    outbox: true,
    cdc: { tables: ["public.payments"], excludedColumns: [] },
  },
]);
const servers = { postgres: "db:5432", kafka: "kafka:9092" };
const running = { name: "outbox-payment", state: "RUNNING", tasks: [{ state: "RUNNING" }] };

describe("a connector's job", () => {
  test("leads from the outbox to the topics of its service", () => {
    expect(connectorJobs(plans, [running], servers)).toEqual([
      {
        state: "running",
        job: {
          name: "outbox-payment",
          integration: "DEBEZIUM",
          inputs: [{ namespace: "postgres://db:5432", name: "payment.public.outbox" }],
          outputs: ["payments", "card-activity"].map((name) => {
            return { namespace: "kafka://kafka:9092", name };
          }),
        },
      },
    ]);
  });

  test("leads from captured tables to a topic each", () => {
    const [cdc] = connectorJobs(plans, [{ ...running, name: "cdc-payment" }], servers);
    expect(cdc?.job.inputs[0]?.name).toBe("payment.public.payments");
    expect(cdc?.job.outputs[0]?.name).toBe("cdc.public.payments");
  });

  test.each([
    { state: "RUNNING", tasks: [], expected: { state: "away" } },
    { state: "PAUSED", tasks: [{ state: "PAUSED" }], expected: { state: "away" } },
    {
      state: "RUNNING",
      tasks: [{ state: "FAILED", error: "the slot is gone" }],
      expected: { state: "failed", error: "the slot is gone" },
    },
  ])("with state $state and tasks $tasks is $expected.state", ({ state, tasks, expected }) => {
    const [job] = connectorJobs(plans, [{ name: "outbox-payment", state, tasks }], servers);
    expect(job).toMatchObject(expected);
  });

  test("is not told of before it was seen", () => {
    expect(connectorJobs(plans, [], servers)).toEqual([]);
  });
});
