import { testStack } from "@holdfast/testkit";
import { describe, expect, test } from "@jest/globals";
import { keys } from "../support/api.ts";
import { placeOrder, registerCard, waitForStatus } from "../support/shop.ts";

interface StreamEvent {
  readonly id: string;
  readonly data: string;
}

function parseEvent(block: string): StreamEvent | undefined {
  const field = (name: string) =>
    block
      .split("\n")
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const [id, data] = [field("id"), field("data")];
  return id === undefined || data === undefined ? undefined : { id, data };
}

/** Reads an order's status stream until an event's data contains `last`. */
async function readStream(
  orderId: string,
  last: string,
  lastEventId?: string,
): Promise<StreamEvent[]> {
  const response = await fetch(new URL(`/orders/${orderId}/events`, testStack().address("order")), {
    headers: {
      authorization: `Bearer ${keys.shop}`,
      accept: "text/event-stream",
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
    },
    signal: AbortSignal.timeout(20_000),
  });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const events: StreamEvent[] = [];
  let text = "";
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    events.push(...blocks.flatMap((block) => parseEvent(block) ?? []));
    if (events.some((event) => event.data.includes(last))) return events;
  }
  return events;
}

describe("the status stream", () => {
  test("tells every status once, in order, and resumes after the last one seen", async () => {
    const customerId = "cust_demo_040";
    const paymentMethodId = await registerCard(customerId);
    const orderId = await placeOrder({ customerId, paymentMethodId, sku: "SKU-MUG" });
    const whole = await readStream(orderId, "confirmed");
    await waitForStatus(orderId, "confirmed");
    expect(whole[0]?.data).toContain("received");
    expect(new Set(whole.map((event) => event.id)).size).toBe(whole.length);
    const rest = await readStream(orderId, "confirmed", whole[0]?.id);
    expect(rest).toEqual(whole.slice(1));
  });
});
