import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { runCommand } from "./command/run-command.ts";
import { generateAccess } from "./generate/access.ts";
import { generateAsyncApi } from "./generate/asyncapi.ts";
import { generateContracts } from "./generate/contracts.ts";
import { generateDashboards } from "./generate/dashboards.ts";
import type { GeneratedFile } from "./generate/generated-file.ts";
import { generateTelemetry } from "./generate/telemetry.ts";

const HELP = `Writes every file that is generated from schemas/ and infra/.

  npm run generate             write what has changed
  npm run generate -- --check  write nothing; exit 1 and name each stale file
`;

const root = join(import.meta.dirname, "..");

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function generate(check: boolean): number {
  const files: GeneratedFile[] = [
    ...generateContracts(root),
    ...generateTelemetry(root),
    ...generateDashboards(root),
    ...generateAsyncApi(root),
    ...generateAccess(root),
  ];
  const stale = files.filter((file) => readOrEmpty(join(root, file.path)) !== file.content);
  for (const file of stale) {
    if (!check) {
      mkdirSync(dirname(join(root, file.path)), { recursive: true });
      writeFileSync(join(root, file.path), file.content);
    }
    const path = relative(root, join(root, file.path));
    console.log(check ? `stale: ${path} (run npm run generate)` : `wrote ${path}`);
  }
  if (stale.length === 0) console.log(`${files.length} generated files are up to date`);
  return check && stale.length > 0 ? 1 : 0;
}

await runCommand({
  help: HELP,
  options: { check: { type: "boolean", default: false } },
  run: ({ values: { check } }) => generate(check),
});
