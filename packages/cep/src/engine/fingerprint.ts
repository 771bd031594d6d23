/** A 32-bit FNV-1a hash: names a piece of state in stored bytes. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** The canonical text of plain data: equal data, equal text. */
export function fingerprint(parts: readonly unknown[]): string {
  return JSON.stringify(parts, (_key, value: unknown) => (value === undefined ? null : value));
}
