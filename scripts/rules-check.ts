import { loadRules } from "@holdfast/cep";
import { runCommand } from "./command/run-command.ts";
import { loadFolder, readRuleFiles } from "./rule-files.ts";

const help = `Checks a folder of rules and says in English what each one does.

  npm run rules:check [-- FOLDER] [--json]

  FOLDER   default: rules/
  --json   one JSON object: { ok, rules } or { ok, errors }
  --help   this text

Exit code: 0 when the pack is good, 1 when it has mistakes, 2 when the folder cannot be read.
`;

function printJson(folder: string): number {
  const loaded = loadRules(readRuleFiles(folder));
  if (!loaded.ok) {
    console.log(JSON.stringify({ ok: false, errors: loaded.errors }));
    return 1;
  }
  const rules = loaded.pack.rules.map(({ id, version, mode, action, score, reason, sentence }) => ({
    id,
    version,
    mode,
    action,
    score,
    reason,
    sentence,
  }));
  console.log(JSON.stringify({ ok: true, rules }));
  return 0;
}

function printText(folder: string): number {
  const pack = loadFolder(folder);
  if (pack === undefined) return 1;
  for (const rule of pack.rules) {
    console.log(`${rule.id} v${rule.version} (${rule.mode}, ${rule.action}, score ${rule.score})`);
    console.log(`  ${rule.sentence}.`);
  }
  console.log(`${pack.rules.length} rules on ${pack.stream.name}: all good.`);
  return 0;
}

await runCommand({
  help,
  options: { json: { type: "boolean" } },
  words: 1,
  run: ({ values: { json }, positionals: [folder = "rules"] }) =>
    json ? printJson(folder) : printText(folder),
});
