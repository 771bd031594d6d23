// The first command of a fresh clone, under whatever Node the machine has (20 or newer): looks at
// the machine, installs the dependencies, and goes on under the pinned Node, which runs TypeScript.
// node: imports only.
//
//   node scripts/demo.mjs [up | status | stop | reset | logs | doctor] [options]
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { examine, report } from "./stack/bootstrap/doctor.mjs";
import { install, isInstalled } from "./stack/bootstrap/install.mjs";
import { runPinned } from "./stack/bootstrap/pinned.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const command = args.find((word) => !word.startsWith("-")) ?? "up";

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main() {
  if (command === "doctor" && args.some((word) => word === "--help" || word === "-h")) {
    console.log("npm run doctor    what this machine lacks to run the suite, and the cure");
    return 0;
  }
  if (command === "doctor") return doctor(true);
  if (command === "up") {
    const sick = await doctor(false);
    if (sick) return sick;
    install(root);
  } else if (!isInstalled(root)) {
    console.log("Nothing is installed here, so nothing runs. Start with: npm run demo");
    return command === "status" ? 1 : 0;
  }
  return runPinned(root, ["scripts/stack/main.ts", ...args]);
}

/** @param {boolean} all */
async function doctor(all) {
  const findings = await examine(root);
  report(findings, all);
  return findings.every(({ ok }) => ok) ? 0 : 1;
}
