import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";

interface Configuration {
  global: { scrape_interval: string; evaluation_interval: string };
  rule_files: string[];
  scrape_configs: { static_configs: { targets: string[]; labels: { service: string } }[] }[];
}

export interface NativeOptions {
  /** Service → host:port. Services that are not in it keep the address of the containers. */
  readonly targets: ReadonlyMap<string, string>;
  /** How often values are fetched and rules judged; the file's own pace without it. */
  readonly intervalSeconds?: number;
}

/** infra/prometheus/prometheus.yml for a suite that runs elsewhere: other addresses, the same rules. */
export function nativeConfiguration(root: string, options: NativeOptions): string {
  const folder = join(root, "infra/prometheus");
  const text = readFileSync(join(folder, "prometheus.yml"), "utf8");
  const configuration = parse(text) as Configuration;
  if (options.intervalSeconds !== undefined) {
    const interval = `${options.intervalSeconds}s`;
    configuration.global = { scrape_interval: interval, evaluation_interval: interval };
  }
  configuration.rule_files = configuration.rule_files.map((file) => join(folder, file));
  for (const { static_configs } of configuration.scrape_configs) {
    for (const group of static_configs) {
      const target = options.targets.get(group.labels.service);
      if (target !== undefined) group.targets = [target];
    }
  }
  return stringify(configuration);
}
