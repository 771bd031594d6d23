// What kafkajs 2.2.4 needs before it is fit for use. Imported for its effects, once, by kafka.ts.
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
// Default import: Node's analysis of this CommonJS module does not find all of its names.
import kafkajs from "kafkajs";
import { systemNow } from "./system.ts";

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

const require = createRequire(import.meta.url);
const queue = require("kafkajs/src/network/requestQueue/index.js") as { prototype: RequestQueue };
queue.prototype.scheduleCheckPendingRequests = schedulePendingOnly;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer),
  decompress: (buffer: Buffer) => decompress(buffer),
});
