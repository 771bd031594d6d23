import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "./clock.ts";

/** Gives a new unique id at each call. */
export interface Ids {
  next(): string;
}

/**
 * UUIDv7 (RFC 9562 §6.2, method 1): 48 bits of the clock's milliseconds, a 12-bit counter, 62 random
 * bits. Ids of one generator ascend, also when the clock stands still or steps back.
 */
export function createUuidV7(clock: Clock, random: (size: number) => Buffer = randomBytes): Ids {
  let lastMs = 0;
  let counter = 0;
  return {
    next: () => {
      const nowMs = clock.now();
      if (nowMs > lastMs) {
        lastMs = nowMs;
        counter = random(2).readUInt16BE() & 0x7ff;
      } else if (counter === 0xfff) {
        lastMs += 1;
        counter = 0;
      } else {
        counter += 1;
      }
      const bytes = random(16);
      bytes.writeUIntBE(lastMs, 0, 6);
      bytes.writeUInt16BE(0x7000 | counter, 6);
      return formatUuid(bytes, 7);
    },
  };
}

/** UUIDv5 (RFC 9562 §5.5): the same namespace (a UUID) and name always give the same id. */
export function uuidV5(namespace: string, name: string): string {
  const digest = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name)
    .digest();
  return formatUuid(digest.subarray(0, 16), 5);
}

function formatUuid(bytes: Buffer, version: number): string {
  bytes.writeUInt8(((bytes[6] ?? 0) & 0x0f) | (version << 4), 6);
  bytes.writeUInt8(((bytes[8] ?? 0) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
