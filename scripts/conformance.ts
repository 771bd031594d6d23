import { readFileSync } from "node:fs";
import { Misuse, runCommand } from "./command/run-command.ts";
import { passed, runVector } from "./conformance/run-vector.ts";
import type { Vector } from "./conformance/vector.ts";

const help = `Runs a file of pattern vectors through the engine and compares matches and time-outs.

  npm run conformance -- FILE [--json]

  FILE     JSON: [{ id, pattern, within, skip, events, finalWatermark, matches, timeouts, error? }]
  --json   one JSON object instead of text
  --help   this text

Exit code: 0 when every vector passes, 1 when one fails, 2 when the file cannot be used.
`;

function compare(path: string, json: boolean): number {
  const vectors = JSON.parse(readFileSync(path, "utf8")) as readonly Vector[];
  const comparisons = vectors.map(runVector);
  const failed = comparisons.filter((comparison) => !passed(comparison));
  if (json) {
    console.log(JSON.stringify({ passed: comparisons.length - failed.length, failed }));
    return failed.length > 0 ? 1 : 0;
  }
  for (const { id, expected, got } of failed) {
    console.log(`${id}`);
    for (const line of expected) if (!got.includes(line)) console.log(`  expected  ${line}`);
    for (const line of got) if (!expected.includes(line)) console.log(`  got       ${line}`);
  }
  console.log(`${comparisons.length - failed.length} passed, ${failed.length} failed`);
  return failed.length > 0 ? 1 : 0;
}

await runCommand({
  help,
  options: { json: { type: "boolean", default: false } },
  words: 1,
  run: ({ values: { json }, positionals: [path] }) => {
    if (path === undefined) throw new Misuse("Which file of vectors?");
    return compare(path, json);
  },
});
