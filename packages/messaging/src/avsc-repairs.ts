// What avsc 5.7 needs before it may read bytes of strangers. Imported for its effects by codec.ts.
import avro from "avsc";

interface Tap {
  readonly buf: Buffer;
  readonly pos: number;
  readLong(): number;
  skipLong(): void;
  readString(): string;
  skipString(): void;
}

interface ItemType {
  _read(tap: Tap): unknown;
  _skip(tap: Tap): void;
}

/**
 * The originals trust the number of items that an array or map claims: ten foreign bytes can claim
 * 2^53 and take the process down. Every item of our schemas takes at least a byte, so no honest
 * block has more items than bytes are left.
 */
function* blocks(tap: Tap): Generator<number> {
  for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
    if (count < 0) tap.skipLong();
    const items = Math.abs(count);
    if (items > tap.buf.length - tap.pos) throw new Error("truncated buffer");
    yield items;
  }
}

function readArray(this: { itemsType: ItemType }, tap: Tap): unknown[] {
  const values: unknown[] = [];
  for (const items of blocks(tap)) {
    for (let index = 0; index < items; index++) values.push(this.itemsType._read(tap));
  }
  return values;
}

function readMap(this: { valuesType: ItemType }, tap: Tap): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const items of blocks(tap)) {
    for (let index = 0; index < items; index++) {
      values[tap.readString()] = this.valuesType._read(tap);
    }
  }
  return values;
}

// A block with a negative count tells its length, but walking it is as right and has no second path.
function skipArray(this: { itemsType: ItemType }, tap: Tap): void {
  for (const items of blocks(tap)) {
    for (let index = 0; index < items; index++) this.itemsType._skip(tap);
  }
}

function skipMap(this: { valuesType: ItemType }, tap: Tap): void {
  for (const items of blocks(tap)) {
    for (let index = 0; index < items; index++) {
      tap.skipString();
      this.valuesType._skip(tap);
    }
  }
}

const { ArrayType, MapType } = avro.types as unknown as Record<
  "ArrayType" | "MapType",
  { prototype: { _read: unknown; _skip: unknown } }
>;
Object.assign(ArrayType.prototype, { _read: readArray, _skip: skipArray });
Object.assign(MapType.prototype, { _read: readMap, _skip: skipMap });
