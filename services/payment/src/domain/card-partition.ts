/**
 * The partition that a key goes to, as Kafka's default partitioner (and so Debezium's producer) has it:
 * murmur2 of the key's UTF-8 bytes, made positive, modulo the number of partitions.
 */
export function partitionOfKey(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

const seed = 0x9747b28c;
const factor = 0x5bd1e995;

/** The 32-bit murmur2 of Kafka's org.apache.kafka.common.utils.Utils, as a signed number. */
export function murmur2(bytes: Buffer): number {
  const wholeBytes = bytes.length & ~3;
  let hash = seed ^ bytes.length;
  for (let at = 0; at < wholeBytes; at += 4) {
    const word = Math.imul(bytes.readInt32LE(at), factor);
    hash = Math.imul(hash, factor) ^ Math.imul(word ^ (word >>> 24), factor);
  }
  if (wholeBytes < bytes.length) {
    for (let at = bytes.length - 1; at >= wholeBytes; at -= 1) {
      hash ^= (bytes[at] ?? 0) << (8 * (at & 3));
    }
    hash = Math.imul(hash, factor);
  }
  hash = Math.imul(hash ^ (hash >>> 13), factor);
  return hash ^ (hash >>> 15);
}
