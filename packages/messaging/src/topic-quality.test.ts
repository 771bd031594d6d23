import { renderMetrics } from "@holdfast/telemetry";
import { expect, test } from "@jest/globals";
import type { IncomingRecord } from "./record.ts";
import { countQuality } from "./topic-quality.ts";

function record(schemaId: number | null, headers: Record<string, string>): IncomingRecord {
  const frame = Buffer.alloc(8);
  if (schemaId === null) frame.fill(7);
  else frame.writeUInt32BE(schemaId, 1);
  return {
    topic: "stock",
    partition: 0,
    offset: "0",
    key: Buffer.from("k"),
    value: frame,
    headers,
    rawHeaders: {},
    timestampMs: 0,
  };
}

const whole = { id: "1", eventType: "StockReserved", traceparent: "00-a-b-01" };

test("records are counted by schema, and by what they lack; foreign bytes are not", async () => {
  countQuality("quality", [
    record(4, whole),
    record(4, whole),
    record(5, { id: "2", eventType: "StockReserved" }),
    record(null, whole),
  ]);
  const lines = (await renderMetrics()).split("\n").filter((line) => line.includes('"quality"'));
  const labels = 'group="quality",topic="stock"';
  expect(lines.sort()).toEqual([
    `topic_records_incomplete_total{${labels},missing="trace"} 1`,
    `topic_records_read_total{${labels},event_type="StockReserved",schema_id="4"} 2`,
    `topic_records_read_total{${labels},event_type="StockReserved",schema_id="5"} 1`,
  ]);
});
