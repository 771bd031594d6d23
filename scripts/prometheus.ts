import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { suiteAddresses } from "./command/addresses.ts";
/** Resolves to 1 when a panel lacks its data. */
async function printPanels(url: string): Promise<number> {
  const lines = await renderPanels(readDashboards(root), askPrometheus(url));
  for (const line of lines) console.log(line);
  return lines.some((line) => line.endsWith("NO DATA")) ? 1 : 0;
}

await runCommand({
  help: HELP,
  options: { port: { type: "string", default: "9090" }, url: { type: "string" } },
  words: 1,
  run: ({ values: { port, url = `http://127.0.0.1:${port}` }, positionals: [word] }) => {
    if (word === "panels") return printPanels(url);
    if (word !== undefined) throw new Misuse(`Unexpected argument '${word}'`);
    return run(Number(port)).catch((error: unknown) => {
      if ((error as { code?: string }).code !== "ENOENT") throw error;
      throw new Error("Prometheus is not installed; set PROMETHEUS_BIN or install it.");
    });
  },
});
