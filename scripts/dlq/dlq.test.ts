import { describe, expect, test } from "@jest/globals";
import type { DlqClient, Letter } from "./client.ts";
import { parseDlqCommand, serviceOfId } from "./command.ts";
import { runDlq } from "./run.ts";

const letterAt = (id: string): Letter => ({
  id,
  state: "open",
  eventType: "OrderPlaced",
  key: "cust_1",
  errorClass: "DecodeError",
  errorMessage: "The record has no key",
  traceId: null,
  firstFailedAt: "2026-01-01T00:00:00.000Z",
});

/** Services that have `ids` open, and what they were asked to settle. */
function world(ids: readonly string[]) {
  const asked: unknown[] = [];
  const lines: string[] = [];
  const client: DlqClient = {
    list: async (service) => ids.filter((id) => serviceOfId(id) === service).map(letterAt),
    show: async (_service, id) => ({ id, event: null }),
    settle: async (service, settlement) => {
      asked.push({ service, ...settlement });
    },
  };
  const run = (line: string) =>
    runDlq(parseDlqCommand(line.split(" ")), { client, print: (text) => lines.push(text) });
  return { run, asked, lines };
}

const orders = (offset: number) => `orders.payment.dlq/3/${offset}`;

describe("npm run dlq", () => {
  test("lists what every service has, one line each", async () => {
    const { run, lines } = world([orders(1), "card-activity.fraud-scoring.dlq/0/7"]);
    await run("list");
    expect(lines[0]).toContain("orders.payment.dlq/3/1  open  OrderPlaced  key cust_1");
    expect(lines.at(-1)).toBe("2 dead letters");
  });

  test("sends each service its own, in the order given", async () => {
    const { run, asked } = world([]);
    await run(`redrive ${orders(1)} stock.order.dlq/0/1 ${orders(2)}`);
    expect(asked).toEqual([
      { service: "payment", verb: "redrive", ids: [orders(1), orders(2)], reason: null },
      { service: "order", verb: "redrive", ids: ["stock.order.dlq/0/1"], reason: null },
    ]);
  });

  test("redrives all that a service has open, a hundred at a time", async () => {
    const { run, asked } = world(Array.from({ length: 150 }, (_, offset) => orders(offset)));
    await run("redrive --all --service payment");
    expect(asked.map((one) => (one as { ids: string[] }).ids.length)).toEqual([100, 50]);
  });

  test.each([
    ["discard orders.payment.dlq/3/1", "needs a --reason"],
    ["redrive", "takes IDs"],
    ["redrive --all", "takes a --service"],
    ["show", "takes one ID"],
    ["list --service shop", "is none of"],
    ["explode", "There is no explode"],
  ])("refuses %s", (line, reason) => {
    expect(() => parseDlqCommand(line.split(" "))).toThrow(reason);
  });

  test("refuses an ID that names no service", async () => {
    await expect(world([]).run("show orders/3/1")).rejects.toThrow("is not <topic>");
  });
});
