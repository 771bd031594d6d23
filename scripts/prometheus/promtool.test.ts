import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { readRules } from "./expressions.ts";

const folder = join(import.meta.dirname, "../../infra/prometheus");
const root = join(import.meta.dirname, "../..");
const cases = ["alerts.yml", "days.yml"].map((file) => join(folder, "tests", file));

const isInstalled = spawnSync("promtool", ["--version"]).status === 0;
const withPromtool = isInstalled ? test : test.skip;
const note = isInstalled
  ? ""
  : " (skipped: promtool is not installed; Debian has it in prometheus)";

function promtool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

describe("Prometheus", () => {
  withPromtool(`takes its configuration and every rule${note}`, () => {
    expect(promtool("check", "config", join(folder, "prometheus.yml"))).toBe("");
  });

  withPromtool(`raises each alert when it should, and no other time${note}`, () => {
    expect(promtool("test", "rules", ...cases)).toBe("");
  });

  test("has a case for each alert", () => {
    interface Cases {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    }
    const fired = cases
      .flatMap((file) => (parse(readFileSync(file, "utf8")) as Cases).tests)
      .flatMap((one) => one.alert_rule_test)
      .filter(({ exp_alerts }) => exp_alerts.length > 0)
      .map(({ alertname }) => alertname);
    expect([...new Set(fired)].sort()).toEqual(
      readRules(root, "alerts.yml")
        .map(({ alert }) => alert)
        .sort(),
    );
  });
});
