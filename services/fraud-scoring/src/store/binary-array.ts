// Arrays as Postgres receives them in binary: as text every byte of a state would be two digits, each
// element would be searched for quotes, and both ends would turn the one into the other and back.
// https://www.postgresql.org/docs/17/protocol-message-formats.html, array_send in the sources.

const oid = { int8: 20, int4: 23, text: 25, bytea: 17, uuid: 2950 } as const;
const headBytes = 20;

/** `text[]`. */
export function textArray(values: readonly string[]): Buffer {
  return encode(oid.text, values, {
    size: (value) => Buffer.byteLength(value),
    write: (value, into, at) => into.write(value, at),
  });
}

/** `bytea[]`. */
export function byteaArray(values: readonly Uint8Array[]): Buffer {
  return encode(oid.bytea, values, {
    size: (value) => value.length,
    write: (value, into, at) => into.set(value, at),
  });
}

/** `bytea[]` of bytes that come as a character each. */
export function packedByteaArray(values: readonly string[]): Buffer {
  return encode(oid.bytea, values, {
    size: (value) => value.length,
    write: (value, into, at) => into.write(value, at, "latin1"),
  });
}

/** `bigint[]` of whole numbers up to 2^53. */
export function int8Array(values: readonly (number | null)[]): Buffer {
  return encode(oid.int8, values, {
    size: () => 8,
    write: (value, into, at) => {
      // Two halves instead of a BigInt: there are several numbers a row.
      const high = Math.floor(value / 2 ** 32);
      into.writeInt32BE(high, at);
      into.writeUInt32BE(value - high * 2 ** 32, at + 4);
    },
  });
}

/** `integer[]`. */
export function int4Array(values: readonly number[]): Buffer {
  return encode(oid.int4, values, {
    size: () => 4,
    write: (value, into, at) => into.writeInt32BE(value, at),
  });
}

/** `uuid[]` from their usual text. */
export function uuidArray(values: readonly string[]): Buffer {
  return encode(oid.uuid, values, {
    size: () => 16,
    write: (value, into, at) => into.write(value.replaceAll("-", ""), at, "hex"),
  });
}

interface Element<Value> {
  readonly size: (value: Value) => number;
  readonly write: (value: Value, into: Buffer, at: number) => void;
}

function encode<Value>(
  type: number,
  values: readonly (Value | null)[],
  element: Element<Value>,
): Buffer {
  const sizes = values.map((value) => (value === null ? -1 : element.size(value)));
  const total = sizes.reduce((sum, size) => sum + 4 + Math.max(size, 0), headBytes);
  const bytes = Buffer.allocUnsafe(total);
  bytes.writeInt32BE(1, 0);
  bytes.writeInt32BE(sizes.includes(-1) ? 1 : 0, 4);
  bytes.writeInt32BE(type, 8);
  bytes.writeInt32BE(values.length, 12);
  bytes.writeInt32BE(1, 16);
  let at = headBytes;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as Value | null;
    const size = sizes[index] as number;
    bytes.writeInt32BE(size, at);
    at += 4;
    if (value === null) continue;
    element.write(value, bytes, at);
    at += size;
  }
  return bytes;
}
