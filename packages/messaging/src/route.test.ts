import { describe, expect, test } from "@jest/globals";
import type { Message } from "./message.ts";
import { on } from "./route.ts";
import { contextWith, orderPlaced, recordWith } from "./testing/test-records.ts";

const placed: Message<"OrderPlaced"> = {
  id: "1",
  type: "OrderPlaced",
  event: orderPlaced,
  key: "cust_1",
  entityId: null,
  entityVersion: null,
  record: recordWith({}),
};

describe("a route", () => {
  test("gives the handler its event and the transaction", async () => {
    const seen: unknown[] = [];
    const route = on("orders", {
      OrderPlaced: async ({ event }, tx) => void seen.push(event.orderId, tx),
    });
    await route.dispatch(contextWith({ message: placed, tx: "tx" }));
    expect(seen).toEqual([orderPlaced.orderId, "tx"]);
  });

  test("marks an event without a handler as skipped", async () => {
    const context = contextWith({ message: placed });
    await on("orders", {}).dispatch(context);
    expect(context.result).toBe("skipped");
  });

  test.each([
    ["a handled event", { headers: { eventType: "OrderPlaced" } }, true],
    ["an event of ours without a handler", { headers: { eventType: "OrderAccepted" } }, false],
    ["an unknown event, to be dead-lettered", { headers: { eventType: "Nonsense" } }, true],
    ["a record without the header", {}, true],
    [
      "a null key, to be dead-lettered",
      { key: null, headers: { eventType: "OrderAccepted" } },
      true,
    ],
    ["a null value", { value: null, headers: { eventType: "OrderAccepted" } }, true],
  ])("looks at %s", (_, parts, wanted) => {
    const route = on("orders", { OrderPlaced: async () => undefined });
    expect(route.wants(recordWith(parts))).toBe(wanted);
  });
});
