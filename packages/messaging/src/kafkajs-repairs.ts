// What kafkajs 2.2.4 needs before it is fit for use. Its inner modules are replaced before anything
// loads them: import the client from kafkajs.ts alone, which sees to the order.
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import { groupByPartition, passRecord, readBatch, writeBatch } from "./kafkajs-batches.ts";
import { systemNow } from "./system.ts";
import { murmur2 } from "./wire/murmur2.ts";

const require = createRequire(import.meta.url);

interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  readonly throttledUntil: number;
  readonly pending: readonly unknown[];
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

const checkIntervalMs = 10;

/**
 * The original re-arms its timer for ever, with a negative delay (1 ms) while nothing is pending:
 * a steady load on an idle process, and a TimeoutNegativeWarning. Here a timer exists only while
 * requests wait, which is all that the original needs it for: answers look at the queue as well.
 */
function schedulePendingOnly(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  const delayMs = Math.max(this.throttledUntil - systemNow(), checkIntervalMs);
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null;
    this.checkPendingRequests();
  }, delayMs);
}

const queue = require("kafkajs/src/network/requestQueue/index.js") as { prototype: RequestQueue };
queue.prototype.scheduleCheckPendingRequests = schedulePendingOnly;

/** Puts `replacement` in the place of an inner module, for all that load it from here on. */
function replace(path: string, replacement: unknown): void {
  const name = `kafkajs/src/${path}`;
  require(name);
  const module = require.cache[require.resolve(name)];
  if (module === undefined) throw new Error(`${name} cannot be replaced`);
  module.exports = replacement;
}

const { MAGIC_BYTE } = require("kafkajs/src/protocol/recordBatch/v0/index.js") as {
  MAGIC_BYTE: number;
};
replace("protocol/recordBatch/record/v0/index.js", passRecord);
replace("protocol/recordBatch/v0/index.js", { RecordBatch: writeBatch, MAGIC_BYTE });
replace("protocol/recordBatch/v0/decoder.js", readBatch);
replace("producer/groupMessagesPerPartition.js", groupByPartition);
replace("producer/partitioners/default/murmur2.js", (key: Buffer | string) =>
  murmur2(typeof key === "string" ? Buffer.from(key) : key),
);

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const { Codecs, Types } = require("kafkajs/src/protocol/message/compression/index.js") as {
  Codecs: Record<number, () => unknown>;
  Types: { ZSTD: number };
};
Codecs[Types.ZSTD] = () => ({
  compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer),
  decompress: (buffer: Buffer) => decompress(buffer),
});
