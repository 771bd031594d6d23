import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from "yaml";
import type { LoadError, RuleFile } from "./types.ts";

/** A YAML file with the errors found in it so far. */
export class SourceFile {
  readonly path: string;
  readonly root: Node | null;
  readonly errors: LoadError[] = [];
  readonly #lines = new LineCounter();

  constructor(file: RuleFile) {
    this.path = file.path;
    const content = file.content.replace(/^\uFEFF/, "");
    const document = parseDocument(content, { lineCounter: this.#lines, uniqueKeys: true });
    for (const error of document.errors) {
      const first = error.message.split(" at line ")[0]?.replace(/:?\s*$/, "") ?? "";
      const message =
        error.code === "MULTIPLE_DOCS"
          ? "a rule file holds one document, here a second begins"
          : first;
      this.report(error.pos[0], `This is no valid YAML: ${message}.`);
    }
    this.root = document.errors.length > 0 ? null : document.contents;
  }

  /** Notes a mistake at a node or at an offset of the file. */
  report(where: Node | number | null | undefined, message: string, ruleId?: string): void {
    const offset = typeof where === "number" ? where : (where?.range?.[0] ?? 0);
    const { line, col } = this.#lines.linePos(offset);
    this.errors.push({
      path: this.path,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      ruleId,
      message,
    });
  }
}

/** Characters of a value that a message repeats. */
const longestQuote = 60;

/** Key and value of a YAML map entry. */
export type Entry = { readonly name: string; readonly key: Node; readonly value: Node | null };

/** The entries of a map whose keys are plain texts. */
export function entriesOf(map: YAMLMap): readonly Entry[] {
  const entries: Entry[] = [];
  for (const item of map.items as Pair<Node, Node | null>[]) {
    if (isScalar(item.key))
      entries.push({ name: String(item.key.value), key: item.key, value: item.value });
  }
  return entries;
}

/** What a node is, for messages: `a list`, `"abc"`, `nothing`. */
export function describeNode(node: Node | null | undefined): string {
  if (isAlias(node)) return `*${node.source} (rule files use no aliases: write it out)`;
  if (isMap(node)) return "a map";
  if (isSeq(node)) return "a list";
  if (!isScalar(node) || node.value === null) return "nothing";
  if (typeof node.value === "number") return String(node.value);
  const text = JSON.stringify(node.value);
  return text.length <= longestQuote ? text : `${text.slice(0, longestQuote)}…`;
}

/** Offset of a scalar's first character of text, behind an opening quote. */
export function textOffset(node: Node): number {
  const start = node.range?.[0] ?? 0;
  const quoted = isScalar(node) && (node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE");
  return quoted ? start + 1 : start;
}
