import type { Value } from "../stream.ts";

/** Bytes that are no state of this engine, or of a format that it does not know. */
export class StateFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StateFormatError";
  }
}

const encoder = new TextEncoder();
// A byte order mark at a text's beginning is part of the text.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const dash = 45;

/** 0 to 15, or -1 for what is no lower-case hexadecimal digit. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : -1;
}

/** How a value begins; integers follow from `firstInteger` on, zigzag. */
const tags = { missing: 0, no: 1, yes: 2, double: 3, text: 4, firstInteger: 5 } as const;

/** Appends numbers and texts to a growing buffer; texts and ids are written once and referred to. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #texts = new Map<string, number>();

  /** Starts a new piece of bytes; one writer serves many. */
  begin(): void {
    this.#length = 0;
    this.#texts.clear();
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value);
    this.#length += 8;
  }

  /** A whole number from 0 to 2^53. */
  count(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A whole number of either sign, up to 2^52. */
  signed(value: number): void {
    this.count(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  /** A time: whole milliseconds, or an infinity. */
  time(value: number): void {
    if (Number.isFinite(value)) this.signed(value >= 0 ? value + 1 : value - 1);
    else {
      this.byte(0);
      this.byte(value > 0 ? 1 : 0);
    }
  }

  value(value: Value): void {
    if (value === undefined) this.byte(tags.missing);
    else if (typeof value === "boolean") this.byte(value ? tags.yes : tags.no);
    else if (typeof value === "string") {
      this.byte(tags.text);
      this.text(value);
    } else if (Number.isInteger(value) && Math.abs(value) < 2 ** 50) {
      this.count((value >= 0 ? value * 2 : -value * 2 - 1) + tags.firstInteger);
    } else {
      this.byte(tags.double);
      this.double(value);
    }
  }

  /** A text, or where it was written first; canonical UUIDs take 16 bytes. */
  text(text: string): void {
    const known = this.#texts.get(text);
    if (known !== undefined) {
      this.count(known + 2);
      return;
    }
    this.#texts.set(text, this.#texts.size);
    this.#reserve(2 + text.length * 3 + 8);
    if (!this.#uuid(text)) this.#plain(text);
  }

  /** Writes a canonical UUID in 16 bytes behind a 0; says whether the text was one. */
  #uuid(text: string): boolean {
    if (text.length !== 36) return false;
    let at = this.#length + 1;
    for (let i = 0; i < 36; i++) {
      if (i === 8 || i === 13 || i === 18 || i === 23) {
        if (text.charCodeAt(i) !== dash) return false;
        continue;
      }
      const high = hexDigit(text.charCodeAt(i));
      const low = hexDigit(text.charCodeAt(++i));
      if (high < 0 || low < 0) return false;
      this.#bytes[at++] = high * 16 + low;
    }
    this.#bytes[this.#length] = 0;
    this.#length = at;
    return true;
  }

  #plain(text: string): void {
    this.byte(1);
    for (let i = 0; i < text.length; i++) {
      if (text.charCodeAt(i) < 0x80) continue;
      const bytes = encoder.encode(text);
      this.count(bytes.length);
      this.#bytes.set(bytes, this.#length);
      this.#length += bytes.length;
      return;
    }
    this.count(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  numbers(values: readonly number[]): void {
    this.count(values.length);
    for (let i = 0; i < values.length; i++) this.value(values[i]);
  }

  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.count(items.length);
    for (const item of items) write(item);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Reads what a {@link ByteWriter} wrote. Throws {@link StateFormatError} where that ends early. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  readonly #texts: string[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new StateFormatError("The state ends too early.");
    this.#at += count;
    return at;
  }

  byte(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  count(): number {
    let value = 0;
    let scale = 1;
    for (let byte = this.byte(); ; byte = this.byte()) {
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
      if (scale > 2 ** 53) throw new StateFormatError("A number of the state is too large.");
    }
  }

  signed(): number {
    return unzigzag(this.count());
  }

  time(): number {
    const value = this.signed();
    if (value !== 0) return value > 0 ? value - 1 : value + 1;
    return this.byte() === 1 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  value(): Value {
    const tag = this.count();
    if (tag >= tags.firstInteger) return unzigzag(tag - tags.firstInteger);
    if (tag === tags.missing) return undefined;
    if (tag === tags.double) return this.double();
    return tag === tags.text ? this.text() : tag === tags.yes;
  }

  text(): string {
    const kind = this.count();
    if (kind >= 2) {
      const known = this.#texts[kind - 2];
      if (known === undefined) throw new StateFormatError("The state refers to an unknown text.");
      return known;
    }
    const text = kind === 0 ? this.#uuid() : this.#plain();
    this.#texts.push(text);
    return text;
  }

  #uuid(): string {
    const at = this.#take(16);
    const hex = Array.from(this.#bytes.subarray(at, at + 16), (b) =>
      b.toString(16).padStart(2, "0"),
    );
    return [hex.slice(0, 4), hex.slice(4, 6), hex.slice(6, 8), hex.slice(8, 10), hex.slice(10)]
      .map((part) => part.join(""))
      .join("-");
  }

  #plain(): string {
    const length = this.count();
    const at = this.#take(length);
    try {
      return decoder.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw new StateFormatError("A text of the state is no UTF-8.");
    }
  }

  numbers(): number[] {
    return this.list(() => Number(this.value()));
  }

  list<T>(read: () => T): T[] {
    const length = this.count();
    if (length > this.#bytes.length) throw new StateFormatError("A list of the state is too long.");
    // Not Array.from: it makes an iterator's worth of objects, and a state has dozens of lists.
    const items: T[] = [];
    for (let i = 0; i < length; i++) items.push(read());
    return items;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new StateFormatError("The state goes on too long.");
  }
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
