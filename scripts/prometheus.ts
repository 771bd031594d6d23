import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { suiteAddresses } from "./command/addresses.ts";
import { Misuse, runCommand } from "./command/run-command.ts";
import { services } from "./command/services.ts";
import { readDashboards } from "./generate/dashboards.ts";
import { nativeConfiguration } from "./prometheus/native-configuration.ts";
import { askPrometheus, renderPanels } from "./prometheus/panels.ts";
import { readSettings } from "./stack/settings.ts";

const HELP = `Runs the installed Prometheus (or PROMETHEUS_BIN) over the running suite, until interrupted.

  npm run prometheus -- [--port 9090]
  npm run prometheus -- panels [--port 9090 | --url URL]

panels prints what each panel of each dashboard shows now, for who has no Grafana; --url asks another
Prometheus. Exit code 1 when a panel that should have data has none.

Alerts and recordings are those of infra/prometheus; Grafana's dashboards are in infra/grafana/generated.
`;

const root = resolve(import.meta.dirname, "..");

function targets(): Map<string, string[]> {
  const { serviceUrls, furtherUrls } = suiteAddresses();
  return new Map(
    services.map((service) => [
      service,
      [serviceUrls[service], ...furtherUrls[service]].map((url) => new URL(url).host),
    ]),
  );
}

/** Resolves to Prometheus' exit code; rejects when it is not installed. */
async function run(port: number): Promise<number> {
  const folder = join(readSettings(process.env).home, "prometheus");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "prometheus.yml");
  writeFileSync(file, nativeConfiguration(root, { targets: targets() }));
  const program = process.env["PROMETHEUS_BIN"] ?? "prometheus";
  const child = spawn(
    program,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: "inherit" },
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => child.kill());
  child.once("spawn", () => console.log(`Prometheus: http://127.0.0.1:${port}/alerts`));
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 0;
}

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
  run: ({ values: { port, url }, positionals: [word] }) => {
    if (word === "panels") return printPanels(url ?? `http://127.0.0.1:${port}`);
    if (word !== undefined) throw new Misuse(`Unexpected argument '${word}'`);
    return run(Number(port)).catch((error: unknown) => {
      if ((error as { code?: string }).code !== "ENOENT") throw error;
      throw new Error("Prometheus is not installed; set PROMETHEUS_BIN or install it.");
    });
  },
});
