import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";

interface Configuration {
  global: { scrape_interval: string; evaluation_interval: string };
  rule_files: string[];
  scrape_configs: {
    job_name: string;
    static_configs: { targets: string[]; labels: { service: string } }[];
  }[];
}

export interface NativeOptions {
  /** Service → host:port of each of its processes. */
  readonly targets: ReadonlyMap<string, readonly string[]>;
  /** How often values are fetched and rules judged; the file's own pace without it. */
  readonly intervalSeconds?: number;
}

/** infra/prometheus/prometheus.yml for a suite that runs elsewhere: other addresses, the same jobs and rules. */
export function nativeConfiguration(root: string, options: NativeOptions): string {
  const folder = join(root, "infra/prometheus");
  const text = readFileSync(join(folder, "prometheus.yml"), "utf8");
  const configuration = parse(text) as Configuration;
  if (options.intervalSeconds !== undefined) {
    const interval = `${options.intervalSeconds}s`;
    configuration.global = { scrape_interval: interval, evaluation_interval: interval };
  }
  configuration.rule_files = configuration.rule_files.map((file) => join(folder, file));
  const targets = [...options.targets].map(([service, hosts]) => ({
    targets: [...hosts],
    labels: { service },
  }));
  configuration.scrape_configs = configuration.scrape_configs.map(({ job_name }) => ({
    job_name,
    static_configs: targets,
  }));
  return stringify(configuration);
}
