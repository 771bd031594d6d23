import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testStack, waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { services } from "../../scripts/command/services.ts";
import { allExpressions, selectorsOf } from "../../scripts/prometheus/expressions.ts";
import { nativeConfiguration } from "../../scripts/prometheus/native-configuration.ts";
import { placeOrder, registerCard, waitForStatus } from "../support/shop.ts";

const root = join(import.meta.dirname, "../..");
const expressions = allExpressions(root);

/** What only trouble, money going back or days bring about may be absent. */
const relied = expressions.filter(({ mayBeEmpty }) => !mayBeEmpty);

beforeAll(async () => {
  const customerId = "cust_demo_046";
  const paymentMethodId = await registerCard(customerId);
  const buy = (sku: string) => placeOrder({ customerId, paymentMethodId, sku });
  await waitForStatus(await buy("SKU-MUG"), "confirmed");
  for (let order = 0; order < 2; order += 1) await buy("SKU-COFFEE-MILL");
  await waitForStatus(await buy("SKU-COFFEE-MILL"), "under_review");
});

test("each service exports what dashboards and alerts ask for", async () => {
  const texts = await Promise.all(
    services.map(async (name) => (await fetch(`${testStack().address(name)}/metrics`)).text()),
  );
  const exported = new Set(texts.join("\n").match(/^[a-z_]+/gm) ?? []);
  const asked = relied.flatMap(({ expr }) => selectorsOf(expr).selectors);
  const dead = asked.map(({ metric }) => metric).filter((name) => !exported.has(name));
  const ours = dead.filter((name) => name !== "up" && !name.startsWith("slo:"));
  expect([...new Set(ours)]).toEqual([]);
});

const program = process.env["PROMETHEUS_BIN"] ?? "prometheus";
const isInstalled = spawnSync(program, ["--version"]).status === 0;
const describeInstalled = isInstalled ? describe : describe.skip;
const note = isInstalled ? "" : " (skipped: Prometheus is not installed)";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly unknown[] };
}

describeInstalled(`Prometheus over the running suite${note}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-prometheus-"));
  let prometheus: ChildProcess | undefined;
  let url = "";

  const ask = async (expr: string): Promise<Answer> => {
    const query = new URL("/api/v1/query", url);
    query.searchParams.set("query", expr);
    return (await (await fetch(query)).json()) as Answer;
  };

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const targets = new Map(
      services.map((name) => [name, [new URL(testStack().address(name)).host]]),
    );
    const file = join(folder, "prometheus.yml");
    writeFileSync(file, nativeConfiguration(root, { targets, intervalSeconds: 1 }));
    prometheus = spawn(
      program,
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error",
      ],
      { stdio: "ignore" },
    );
  });

  afterAll(() => {
    prometheus?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  test("each expression is understood, and those that are relied on have values", async () => {
    let empty: string[] = [];
    await waitFor(
      async () => {
        const answers = await Promise.all(
          relied.map(async ({ where, expr }) => ({ where, answer: await ask(expr) })),
        );
        empty = answers
          .filter(({ answer }) => (answer.data?.result.length ?? 0) === 0)
          .map(({ where, answer }) => `${where} ${answer.error ?? ""}`);
        return empty.length === 0;
      },
      { limitMs: 45_000, everyMs: 1_000, what: "a value for every panel" },
    ).catch(() => undefined);
    expect(empty).toEqual([]);
    const refused = await Promise.all(
      expressions.map(async ({ where, expr }) => ({ where, status: (await ask(expr)).status })),
    );
    expect(refused.filter(({ status }) => status !== "success")).toEqual([]);
  }, 90_000);
});
