// Builders for this package's tests.
import type { Events } from "@holdfast/contracts";
import { silentLogger } from "@holdfast/telemetry";
import type { DeliveryContext } from "../delivery.ts";
import { KafkaRecord } from "../record.ts";

/** A valid event. */
export const orderPlaced: Events["OrderPlaced"] = {
  orderId: "0193a7b0-0000-7000-8000-000000000001",
  customerId: "cust_1",
  merchantId: "merchant_1",
  paymentMethodId: "pm_1",
  items: [{ sku: "sku-1", quantity: 2, unitPriceMinor: 1250 }],
  amountMinor: 2500,
  currency: "USD",
  occurredAt: 1_760_000_000_000,
};

/** A record on partition 0 of `orders`; by default with a key, an empty value and no headers. */
export function recordWith(parts: {
  topic?: string;
  offset?: number;
  key?: Buffer | null;
  value?: Buffer | null;
  headers?: Record<string, string | Buffer>;
}): KafkaRecord {
  const { topic = "orders", offset = 0, key = Buffer.from("cust_1"), headers = {} } = parts;
  return new KafkaRecord(topic, 0, {
    key,
    value: parts.value === undefined ? Buffer.alloc(0) : parts.value,
    headers,
    offset: String(offset),
    timestamp: "1760000000000",
    attributes: 0,
  });
}

/** A context whose signals the test holds. */
export function contextWith(parts: Partial<DeliveryContext> = {}): DeliveryContext {
  return {
    record: recordWith({}),
    group: "test",
    logger: silentLogger,
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
    fromBacklog: false,
    attempt: 1,
    ...parts,
  };
}
