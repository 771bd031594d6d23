import { isMap, isScalar, isSeq, type Node, type YAMLMap } from "yaml";
import { parseDuration } from "../language/duration.ts";
import { didYouMean } from "../language/suggest.ts";
import { describeNode, type Entry, entriesOf, type SourceFile } from "./source.ts";

/** Reads the entries of one YAML map, noting every mistake instead of stopping at the first. */
export class MapReader {
  readonly file: SourceFile;
  readonly map: YAMLMap;
  readonly ruleId: string | undefined;
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(file: SourceFile, map: YAMLMap, ruleId?: string) {
    this.file = file;
    this.map = map;
    this.ruleId = ruleId;
    this.#entries = new Map(entriesOf(map).map((entry) => [entry.name, entry]));
  }

  /** Refuses keys other than these. */
  allow(known: readonly string[]): void {
    for (const { name, key } of this.#entries.values()) {
      if (!known.includes(name))
        this.report(key, `Unknown key "${name}": ${didYouMean(name, known)}`);
    }
  }

  report(where: Node | number | null | undefined, message: string): void {
    this.file.report(where ?? this.map, message, this.ruleId);
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  node(name: string): Node | null | undefined {
    return this.#entries.get(name)?.value;
  }

  /** The key's node, where a mistake concerns the entry as a whole. */
  keyNode(name: string): Node | undefined {
    return this.#entries.get(name)?.key;
  }

  /** Notes that a required key is missing; true when it is there. */
  require(name: string, example: string): boolean {
    if (this.has(name)) return true;
    this.report(this.map, `"${name}" is missing: write it as in ${example}.`);
    return false;
  }

  text(name: string): string | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === "string" && node.value !== "") return node.value;
    this.report(
      node ?? this.keyNode(name),
      `"${name}" must be a text, found ${describeNode(node)}.`,
    );
    return undefined;
  }

  /** The name at "as": a plain one that nothing else has. */
  alias(taken: readonly string[]): string | undefined {
    const alias = this.text("as");
    if (alias === undefined || (/^[a-z]\w*$/i.test(alias) && !taken.includes(alias))) return alias;
    this.report(this.node("as"), `"${alias}" cannot be a name here: take another plain one.`);
    return undefined;
  }

  integer(name: string, range: { readonly min: number; readonly max: number }): number | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : undefined;
    if (
      typeof value === "number" &&
      Number.isInteger(value) &&
      value >= range.min &&
      value <= range.max
    ) {
      return value;
    }
    const expected = `a whole number from ${range.min} to ${range.max}`;
    this.report(
      node ?? this.keyNode(name),
      `"${name}" must be ${expected}, found ${describeNode(node)}.`,
    );
    return undefined;
  }

  flag(name: string): boolean | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === "boolean") return node.value;
    this.report(
      node ?? this.keyNode(name),
      `"${name}" must be true or false, found ${describeNode(node)}.`,
    );
    return undefined;
  }

  oneOf<T extends string>(name: string, known: readonly T[]): T | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    const value = isScalar(node) ? String(node.value) : undefined;
    const found = known.find((option) => option === value);
    if (found !== undefined) return found;
    const hint = didYouMean(value ?? "", known);
    this.report(node ?? this.keyNode(name), `"${name}" cannot be ${describeNode(node)}: ${hint}`);
    return undefined;
  }

  /** A duration in milliseconds; zero is refused unless `zero` allows it. */
  duration(
    name: string,
    options: { readonly zero: boolean } = { zero: false },
  ): number | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    const value =
      isScalar(node) && typeof node.value === "string" ? parseDuration(node.value) : undefined;
    if (value === undefined) {
      const message = `"${name}" must be a duration such as 60s, 10m or 30d, found ${describeNode(node)}.`;
      this.report(node ?? this.keyNode(name), message);
      return undefined;
    }
    if (value > 0 || options.zero) return value;
    this.report(node, `"${name}" must be longer than nothing.`);
    return undefined;
  }

  child(name: string): MapReader | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    if (isMap(node)) return new MapReader(this.file, node, this.ruleId);
    this.report(
      node ?? this.keyNode(name),
      `"${name}" must be a map, found ${describeNode(node)}.`,
    );
    return undefined;
  }

  list(name: string): readonly Node[] | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    if (isSeq(node)) return node.items as Node[];
    this.report(
      node ?? this.keyNode(name),
      `"${name}" must be a list, found ${describeNode(node)}.`,
    );
    return undefined;
  }

  texts(name: string): readonly string[] | undefined {
    const items = this.list(name);
    return items?.flatMap((item) => {
      if (isScalar(item) && typeof item.value === "string") return [item.value];
      this.report(item, `"${name}" lists texts, found ${describeNode(item)}.`);
      return [];
    });
  }
}
