import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { passed, runVector } from "./conformance/run-vector.ts";
import type { Vector } from "./conformance/vector.ts";

const help = `Runs a file of pattern vectors through the engine and compares matches and time-outs.

  npm run conformance -- FILE [--json]

  FILE     JSON: [{ id, pattern, within, skip, events, finalWatermark, matches, timeouts, error? }]
  --json   one JSON object instead of text
  --help   this text

Exit code: 0 when every vector passes, 1 when one fails, 2 when the file cannot be used.
`;

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean" }, help: { type: "boolean" } },
  });
  const [path] = positionals;
  if (values.help || path === undefined) {
    console.log(help);
    return values.help ? 0 : 2;
  }
  const vectors = JSON.parse(readFileSync(path, "utf8")) as readonly Vector[];
  const comparisons = vectors.map(runVector);
  const failed = comparisons.filter((comparison) => !passed(comparison));
  if (values.json) {
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

try {
  process.exitCode = main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
