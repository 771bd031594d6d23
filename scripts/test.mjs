// The one command that everything must pass: `npm test`, in a fresh clone as well. It looks at the
// machine and installs as the demo does, then goes on under the pinned Node. node: imports only.
//
//   node scripts/test.mjs [step ...]      steps: see scripts/test/steps.ts; none means all
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { examine, report } from "./stack/bootstrap/doctor.mjs";
import { install } from "./stack/bootstrap/install.mjs";
import { runPinned } from "./stack/bootstrap/pinned.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  // Tests choose free ports, so a demo may run beside them.
  const findings = (await examine(root)).filter(({ what }) => !what.startsWith("port "));
  report(findings, false);
  if (findings.some(({ ok }) => !ok)) throw new Error("this machine cannot run the tests");
  install(root);
  process.exitCode = await runPinned(root, ["scripts/test/main.ts", ...process.argv.slice(2)]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
}
