import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type LoadError, loadRules, type RuleFile, type RulePack } from "@holdfast/cep";

/** The YAML files of a rule folder, sub-folders included; paths are relative to it. */
export function readRuleFiles(folder: string): readonly RuleFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.ya?ml$/.test(path))
    .sort()
    .map((path) => ({
      path: relative(folder, join(folder, path)),
      content: readFileSync(join(folder, path), "utf8"),
    }));
}

/** Loads a folder's pack, or prints its mistakes and returns nothing. */
export function loadFolder(folder: string): RulePack | undefined {
  const loaded = loadRules(readRuleFiles(folder));
  if (loaded.ok) return loaded.pack;
  for (const error of loaded.errors) console.error(describeError(folder, error));
  const { length } = loaded.errors;
  console.error(`${length} ${length === 1 ? "mistake" : "mistakes"}: the pack is refused.`);
  return undefined;
}

/** `rules/x.yaml:3:7 velocity-60s: Unknown key …`, a place that editors can open. */
export function describeError(folder: string, error: LoadError): string {
  const rule = error.ruleId === undefined ? "" : `${error.ruleId}: `;
  return `${join(folder, error.path)}:${error.line}:${error.column} ${rule}${error.message}`;
}
