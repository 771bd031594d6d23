import { beforeEach, describe, expect, test } from "@jest/globals";
import { compose, type Delivery, type DeliveryContext } from "../delivery.ts";
import { DeliveryAborted, PermanentError, TransientError } from "../errors.ts";
import type { OutgoingRecord } from "../producer.ts";
import { contextWith, recordWith } from "../testing/test-records.ts";
import { deadLetter } from "./dead-letter.ts";
import { retry } from "./retry.ts";
import { HandlerTimeout, timeout } from "./timeout.ts";

const fast = { baseDelayMs: 0, maxDelayMs: 0, random: () => 0, now: () => 1_000 };
let sent: OutgoingRecord[];
let producerFails: boolean;

beforeEach(() => {
  sent = [];
  producerFails = false;
});

const producer = {
  send: async (records: readonly OutgoingRecord[]) => {
    if (producerFails) throw new TransientError("the broker is down");
    sent.push(...records);
    return [];
  },
};

/** Fails with each of `errors` in turn, then works. Counts its calls. */
function failing(...errors: unknown[]) {
  let calls = 0;
  const delivery: Delivery = async () => {
    calls += 1;
    if (calls <= errors.length) throw errors[calls - 1];
  };
  return { delivery, calls: () => calls };
}

const chain = (delivery: Delivery) =>
  compose([deadLetter({ producer, now: () => 2_000 }), retry(fast)], delivery);

describe("a delivery that fails", () => {
  test("is tried again for as long as the error is transient", async () => {
    const { delivery, calls } = failing(
      ...Array.from({ length: 20 }, () => new TransientError("down")),
    );
    const context = contextWith();
    await chain(delivery)(context);
    expect([calls(), context.attempt, sent.length]).toEqual([21, 21, 0]);
  });

  test.each([
    ["a mark", Object.assign(new Error("x"), { transient: true })],
    ["a socket's code", Object.assign(new Error("x"), { code: "ECONNREFUSED" })],
    ["its cause", new Error("x", { cause: new TransientError("y") })],
    ["the Kafka client's mark", Object.assign(new Error("x"), { retriable: true })],
  ])("counts as transient by %s", async (_, error) => {
    const { delivery, calls } = failing(...Array.from({ length: 9 }, () => error));
    await chain(delivery)(contextWith());
    expect([calls(), sent.length]).toEqual([10, 0]);
  });

  test("goes to the dead-letter topic at once when the error is permanent", async () => {
    const { delivery, calls } = failing(new PermanentError("no"));
    const context = contextWith();
    await chain(delivery)(context);
    expect([calls(), sent.length, context.result]).toEqual([1, 1, "dead_lettered"]);
  });

  test("goes there after five deliveries when the error is anything else", async () => {
    const bugs = Array.from({ length: 9 }, () => new TypeError("x is undefined"));
    const { delivery, calls } = failing(...bugs);
    await chain(delivery)(contextWith());
    expect(calls()).toBe(5);
    expect(sent[0]?.headers).toMatchObject({ dlq_error_class: "TypeError", dlq_attempts: "5" });
  });

  test("hides from each attempt the transaction of the one before", async () => {
    const seen: unknown[] = [];
    await chain(async (context) => {
      seen.push(context.tx);
      context.tx = "open";
      if (seen.length === 1) throw new TransientError("rolled back");
    })(contextWith());
    expect(seen).toEqual([undefined, undefined]);
  });

  test("is not passed when the dead-letter topic cannot be written", async () => {
    producerFails = true;
    const context = contextWith();
    const { delivery } = failing(new PermanentError("no"));
    await expect(chain(delivery)(context)).rejects.toThrow("the broker is down");
    expect(context.result).toBeUndefined();
  });

  test("is neither repeated nor dead-lettered once the partition's stay has ended", async () => {
    const stay = new AbortController();
    const delivery: Delivery = async () => {
      stay.abort("lost");
      throw new TypeError("half done");
    };
    const ended = chain(delivery)(contextWith({ stopping: stay.signal }));
    await expect(ended).rejects.toThrow(DeliveryAborted);
    expect(sent).toEqual([]);
  });

  test("does not wait out its back-off when the stay ends", async () => {
    const stay = new AbortController();
    const { delivery } = failing(new TransientError("down"));
    const slow = retry({ baseDelayMs: 3_600_000, maxDelayMs: 3_600_000 })(delivery);
    const ended = slow(contextWith({ stopping: stay.signal }));
    stay.abort("stopping");
    await expect(ended).rejects.toThrow(DeliveryAborted);
  });
});

describe("a dead letter", () => {
  test("is the record, whole, and says where it comes from and why it is here", async () => {
    const odd = Buffer.from([0xff, 0xfe]);
    const record = recordWith({ offset: 42, value: odd, headers: { id: "1", odd } });
    const { delivery } = failing(new PermanentError("card 4111 1111 1111 1111"));
    await chain(delivery)(contextWith({ record, group: "payment" }));
    expect(sent).toEqual([
      {
        topic: "orders.payment.dlq",
        key: record.key,
        value: odd,
        headers: {
          id: Buffer.from("1"),
          odd,
          dlq_original_topic: "orders",
          dlq_original_partition: "0",
          dlq_original_offset: "42",
          dlq_original_timestamp: "2025-10-09T08:53:20.000Z",
          dlq_group: "payment",
          dlq_error_class: "PermanentError",
          dlq_error_message: "card [redacted]",
          dlq_attempts: "1",
          dlq_first_failed_at: "1970-01-01T00:00:01.000Z",
        },
      },
    ]);
  });
});

describe("the time limit", () => {
  test("ends a delivery that hangs and tells its handler", async () => {
    let signal: AbortSignal | undefined;
    const hangs = timeout(1)(async (context: DeliveryContext) => {
      signal = context.signal;
      await new Promise(() => undefined);
    });
    await expect(hangs(contextWith())).rejects.toThrow(HandlerTimeout);
    expect(signal?.aborted).toBe(true);
  });

  test("gives the next attempt a signal of its own", async () => {
    const context = contextWith();
    const { signal } = context;
    await expect(timeout(1)(() => new Promise(() => undefined))(context)).rejects.toThrow();
    expect(context.signal).toBe(signal);
  });

  test("lets go of a handler whose partition was lost", async () => {
    const work = new AbortController();
    const hangs = timeout(3_600_000)(() => new Promise(() => undefined));
    const ended = hangs(contextWith({ signal: work.signal }));
    work.abort("lost");
    await expect(ended).rejects.toThrow(DeliveryAborted);
  });
});
