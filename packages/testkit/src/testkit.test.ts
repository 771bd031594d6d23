import { type EventName, schemas } from "@holdfast/contracts";
import { describe, expect, test } from "@jest/globals";
import { buildEvent } from "./build-event.ts";
import { buildMessage } from "./build-message.ts";
import { createFakeClock } from "./fake-clock.ts";
import { jsonCodec } from "./json-codec.ts";
import { createSequentialIds } from "./sequential-ids.ts";
import { waitFor } from "./wait-for.ts";

test.each(Object.keys(schemas) as EventName[])(
  "a built %s has every field of its schema",
  (name) => {
    const event = buildEvent(name) as unknown as Record<string, unknown>;
    expect(Object.keys(event)).toEqual(schemas[name].fields.map((field) => field.name));
    expect(Object.values(event)).not.toContain(undefined);
    expect(buildEvent(name)).toEqual(event);
  },
);

test("a built event takes the given fields and keeps what belongs together", () => {
  const placed = buildEvent("OrderPlaced", { customerId: "cust_9" });
  expect(placed.customerId).toBe("cust_9");
  expect(buildEvent("OrderAccepted").orderId).toBe(placed.orderId);
});

test("a built message holds its event and the record it came in", () => {
  const message = buildMessage("orders", ["OrderPlaced", { customerId: "cust_9" }], {
    id: "id-1",
    entityId: "order-1",
    entityVersion: 3,
  });
  expect(message.event.customerId).toBe("cust_9");
  expect(message.record.headers).toMatchObject({ id: "id-1", entityVersion: "3" });
  const { value } = message.record;
  expect(value && jsonCodec.decode(value).event).toEqual(message.event);
});

test("a fake clock moves only when told", () => {
  const clock = createFakeClock(1_000);
  clock.advance(5);
  expect([clock.now(), clock.now()]).toEqual([1_005, 1_005]);
  clock.set(2_000);
  expect(clock.now()).toBe(2_000);
});

test("sequential ids are valid, ascend and can be foretold", () => {
  const ids = createSequentialIds();
  const given = Array.from({ length: 300 }, () => ids.next());
  expect(given).toEqual(given.toSorted());
  expect(given[16]).toBe(ids.at(17));
  expect(given[0]).toBe("00000000-0000-7000-8000-000000000001");
  expect(createSequentialIds(1).next()).not.toBe(given[0]);
});

describe("waitFor", () => {
  test("gives the first value that is there, over errors on the way", async () => {
    let looks = 0;
    const found = await waitFor(
      () => {
        looks += 1;
        if (looks === 1) throw new Error("not yet");
        return looks === 3 ? { row: 0 } : undefined;
      },
      { limitMs: 5_000, everyMs: 1 },
    );
    expect([found, looks]).toEqual([{ row: 0 }, 3]);
  });

  test("says what it waited for and why it did not come", async () => {
    const cause = new Error("refused");
    const waiting = waitFor(() => Promise.reject(cause), {
      limitMs: 5,
      everyMs: 1,
      what: "the row",
    });
    await expect(waiting).rejects.toMatchObject({
      message: "the row did not come true within 5 ms",
      cause,
    });
  });
});
