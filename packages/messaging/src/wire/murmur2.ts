const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/**
 * The hash by which the Java client, and so every client that wants to agree with it, spreads keys
 * over partitions: org.apache.kafka.common.utils.Utils.murmur2. A signed 32-bit number.
 */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  let hash = seed ^ length;
  const whole = length & ~3;
  const at = (index: number) => bytes[index] as number;
  for (let i = 0; i < whole; i += 4) {
    let word = at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24);
    word = Math.imul(word, multiplier);
    word = Math.imul(word ^ (word >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  const rest = length - whole;
  if (rest > 2) hash ^= at(whole + 2) << 16;
  if (rest > 1) hash ^= at(whole + 1) << 8;
  if (rest > 0) hash = Math.imul(hash ^ at(whole), multiplier);
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

/** The partition of a key among `count`, as the Java client chooses it. */
export function partitionOfKey(key: string | Uint8Array, count: number): number {
  const bytes = typeof key === "string" ? Buffer.from(key) : key;
  return (murmur2(bytes) & 0x7fffffff) % count;
}
