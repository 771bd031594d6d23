import { expect, test } from "@jest/globals";
import type { KafkaMessage } from "kafkajs";
import { KafkaRecord } from "./record.ts";

test("headers are text, the last of several wins, and those without a value are left out", () => {
  const headers = {
    id: Buffer.from("event-1"),
    eventType: [Buffer.from("Old"), Buffer.from("New")],
    tracestate: null,
    traceparent: undefined,
  };
  const message = { headers, offset: "0", timestamp: "0" } as unknown as KafkaMessage;
  expect(new KafkaRecord("orders", 0, message).headers).toEqual({
    id: "event-1",
    eventType: "New",
  });
});
