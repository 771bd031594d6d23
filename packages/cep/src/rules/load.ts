import { isMap, isSeq, type Node } from "yaml";
import type { Stream } from "../stream.ts";
import type { RuleDefinition, RulePack } from "./definition.ts";
import { MapReader } from "./map-reader.ts";
import { readRule } from "./read-rule.ts";
import { readStream } from "./read-stream.ts";
import { describeNode, SourceFile } from "./source.ts";
import type { LoadError, RuleFile } from "./types.ts";

export type LoadResult =
  | { readonly ok: true; readonly pack: RulePack }
  | { readonly ok: false; readonly errors: readonly LoadError[] };

/**
 * Reads a rule pack: one file that declares the stream (a map with `stream`), and files with lists
 * of rules. Finds all mistakes at once and refuses the whole pack when there is one. Rules stand
 * in the order of their files' paths, then of their place in the file, whatever order is given.
 */
export function loadRules(files: readonly RuleFile[]): LoadResult {
  if (files.length === 0) {
    const message = "The pack is empty: it needs a stream declaration and rules.";
    return { ok: false, errors: [{ path: "", line: 1, column: 1, ruleId: undefined, message }] };
  }
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const sources = sorted.map((file) => new SourceFile(file));
  const stream = findStream(sources);
  const rules = stream === undefined ? [] : sources.flatMap((file) => readRules(file, stream));
  refuseDuplicates(rules);
  const errors = sources.flatMap((file) => file.errors);
  if (errors.length > 0 || stream === undefined) return { ok: false, errors };
  return { ok: true, pack: { stream, rules: rules.map(({ rule }) => rule) } };
}

function findStream(sources: readonly SourceFile[]): Stream | undefined {
  const declarations = sources.filter((file) => isMap(file.root) && file.root.has("stream"));
  const [first, second] = declarations;
  if (second !== undefined)
    second.report(0, "The stream is declared twice: a pack has one stream.");
  if (first === undefined) {
    const broken = sources.some((file) => file.errors.length > 0);
    if (!broken)
      sources[0]?.report(0, 'The pack declares no stream: one file must begin with "stream".');
    return undefined;
  }
  return isMap(first.root) ? readStream(first, first.root) : undefined;
}

type Located = {
  readonly rule: RuleDefinition;
  readonly file: SourceFile;
  readonly offset: number;
};

function readRules(file: SourceFile, stream: Stream): readonly Located[] {
  const { root } = file;
  if (root === null || (isMap(root) && root.has("stream"))) return [];
  if (!isSeq(root)) {
    file.report(root, `A rule file is a list of rules, found ${describeNode(root)}.`);
    return [];
  }
  return root.items.flatMap((item) => {
    if (!isMap(item)) {
      file.report(
        item as Node | null,
        `A rule is a map with an id, found ${describeNode(item as Node | null)}.`,
      );
      return [];
    }
    const rule = readRule(file, item, stream);
    if (rule === undefined) return [];
    const offset = new MapReader(file, item).node("id")?.range?.[0] ?? 0;
    return [{ rule, file, offset }];
  });
}

function refuseDuplicates(rules: readonly Located[]): void {
  const seen = new Map<string, Located>();
  for (const located of rules) {
    const { id } = located.rule;
    const earlier = seen.get(id);
    if (earlier === undefined) seen.set(id, located);
    else
      located.file.report(
        located.offset,
        `The rule id "${id}" is used twice, first in ${earlier.file.path}.`,
        id,
      );
  }
}
