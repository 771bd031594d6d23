import { join } from "node:path";
import type { OrderPlaced } from "@holdfast/contracts";
import type { Message } from "@holdfast/messaging";
import {
  currentTraceId,
  silentLogger,
  startTracingWith,
  stopTracing,
  withSpan,
} from "@holdfast/telemetry";
import {
  buildMessage,
  createFakeClock,
  createSequentialIds,
  useTestDatabase,
} from "@holdfast/testkit";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { createChannel } from "./delivery.ts";
import { createNotify } from "./handlers/notify.ts";
import { onFraudAlertRaised } from "./handlers/on-fraud-alert-raised.ts";
import { onOrderCancelled } from "./handlers/on-order-cancelled.ts";
import { onOrderConfirmed } from "./handlers/on-order-confirmed.ts";
import { onOrderPlaced } from "./handlers/on-order-placed.ts";
import type { Sink } from "./sinks/sink.ts";
import { listNotifications, type Notification } from "./store/notifications.ts";

const fixture = useTestDatabase({ migrations: [join(import.meta.dirname, "../migrations")] });
const clock = createFakeClock();
const eventIds = createSequentialIds(1);

/** A sink that remembers what it took and refuses while `down`. */
function recordingSink(channel: string) {
  const taken: Notification[] = [];
  const sink = {
    channel,
    down: false,
    taken,
    deliver: async (notification: Notification) => {
      if (sink.down) throw new Error("The sink is down");
      taken.push(notification);
    },
  };
  return sink satisfies Sink;
}

const placedMessage = (fields: Partial<OrderPlaced> = {}) =>
  buildMessage("orders", ["OrderPlaced", fields], { id: eventIds.next() });

function openNotification() {
  const log = recordingSink("log");
  const other = recordingSink("other");
  const options = { database: fixture.database, clock, logger: silentLogger };
  const channels = [log, other].map((sink) => createChannel(sink, options));
  const notify = createNotify({ channels, clock, ids: fixture.ids });
  const [logQueue, otherQueue] = channels.map(({ queue }) => queue);
  return {
    log,
    other,
    deliver: async () => {
      await logQueue?.runDue();
      await otherQueue?.runDue();
    },
    placed: (message: Message<"OrderPlaced">) =>
      fixture.database.transact((tx) => onOrderPlaced(notify)(message, tx)),
    confirmed: (message: Message<"OrderConfirmed">) =>
      fixture.database.transact((tx) => onOrderConfirmed(notify)(message, tx)),
    cancelled: (message: Message<"OrderCancelled">) =>
      fixture.database.transact((tx) => onOrderCancelled(notify)(message, tx)),
    alerted: (message: Message<"FraudAlertRaised">) =>
      fixture.database.transact((tx) => onFraudAlertRaised(notify)(message, tx)),
  };
}

let notification: ReturnType<typeof openNotification>;

beforeEach(async () => {
  await fixture.clear();
  notification = openNotification();
});

const everything = () =>
  listNotifications(fixture.database.read, {
    customerId: undefined,
    audience: undefined,
    before: undefined,
    limit: 100,
  });

describe("an event", () => {
  test("becomes one notification per channel, with money in words", async () => {
    const message = placedMessage({ amountMinor: 1999, currency: "USD" });
    await notification.placed(message);
    const found = await everything();
    expect(found.map(({ channel }) => channel).sort()).toEqual(["log", "other"]);
    expect(found[0]).toMatchObject({
      eventId: message.id,
      eventType: "OrderPlaced",
      audience: "customer",
      customerId: message.event.customerId,
      orderId: message.event.orderId,
      occurredAt: message.event.occurredAt,
      createdAt: clock.now(),
      deliveredAt: null,
    });
    expect(found[0]?.body).toContain("19.99 USD");
  });

  test("handled twice is told once", async () => {
    const message = buildMessage("orders", ["OrderConfirmed"], { id: eventIds.next() });
    await notification.confirmed(message);
    await notification.confirmed(message);
    await notification.deliver();
    expect(await everything()).toHaveLength(2);
    expect(notification.log.taken).toHaveLength(1);
    expect(notification.other.taken).toHaveLength(1);
  });

  test("whose transaction rolls back is not told", async () => {
    const message = buildMessage("orders", ["OrderCancelled"], { id: eventIds.next() });
    const failing = fixture.database.transact(async () => {
      throw new Error("Something later failed");
    });
    await expect(failing).rejects.toThrow();
    await notification.deliver();
    expect(notification.log.taken).toEqual([]);
    await notification.cancelled(message);
    await notification.deliver();
    expect(notification.log.taken).toHaveLength(1);
  });

  test("that is an alert reaches the analysts with every value the rule saw", async () => {
    const values = [{ name: "count()", value: "4" }];
    const raised = ["FraudAlertRaised", { values, score: 40 }] as const;
    await notification.alerted(buildMessage("fraud-alerts", raised, { id: eventIds.next() }));
    await notification.deliver();
    const [taken] = notification.log.taken;
    expect(taken).toMatchObject({ audience: "analyst", details: { values, score: 40 } });
    expect(taken?.body).toContain("count(): 4");
  });
});

describe("a sink", () => {
  test("that takes a message is not asked again", async () => {
    await notification.placed(placedMessage());
    await notification.deliver();
    clock.advance(3_600_000);
    await notification.deliver();
    expect(notification.log.taken).toHaveLength(1);
    expect((await everything()).map(({ deliveredAt }) => deliveredAt)).not.toContain(null);
  });

  test("that is down loses nothing and delays no other channel", async () => {
    notification.log.down = true;
    const ids = [];
    for (let n = 0; n < 3; n += 1) {
      const message = placedMessage();
      ids.push(message.id);
      await notification.placed(message);
      await notification.deliver();
    }
    expect(notification.other.taken.map(({ eventId }) => eventId)).toEqual(ids);
    expect(notification.log.taken).toEqual([]);

    notification.log.down = false;
    clock.advance(3_600_000);
    await notification.deliver();
    expect(notification.log.taken.map(({ eventId }) => eventId).sort()).toEqual(ids.sort());
    const pending = (await everything()).filter(({ deliveredAt }) => deliveredAt === null);
    expect(pending).toEqual([]);
  });

  test("gets the same id again when a delivery is repeated", async () => {
    const lost = { ids: [] as string[], calls: 0 };
    notification.log.deliver = async ({ id }) => {
      lost.ids.push(id);
      lost.calls += 1;
      if (lost.calls === 1) throw new Error("Took it, but the answer was lost");
    };
    await notification.placed(placedMessage());
    await notification.deliver();
    clock.advance(60_000);
    await notification.deliver();
    expect(lost.calls).toBe(2);
    expect(new Set(lost.ids).size).toBe(1);
  });
});

test("a delivery belongs to the trace of the event that it tells", async () => {
  startTracingWith(undefined, { service: { name: "notification", version: "0" }, ratio: 1 });
  try {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const parent = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    let seen: string | undefined;
    notification.log.deliver = async () => {
      seen = currentTraceId();
    };
    await withSpan("process orders", { parent }, () => notification.placed(placedMessage()));
    await notification.deliver();
    expect(seen).toBe(traceId);
    expect((await everything()).map((each) => each.traceId)).toEqual([traceId, traceId]);
  } finally {
    await stopTracing();
  }
});
