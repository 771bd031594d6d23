import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parseComposeFile } from "./compose-file.ts";
import { type PlanOptions, planNative } from "./plan.ts";
import { root } from "./settings.ts";

const text = readFileSync(join(root, "docker-compose.yml"), "utf8");
const file = parseComposeFile(text, {});
const options: PlanOptions = {
  root,
  home: "/var/holdfast/run",
  portOffset: 1000,
  traceStore: "zipkin",
  only: null,
};

function part(name: string, change: Partial<PlanOptions> = {}) {
  const found = planNative(file, { ...options, ...change }).find((each) => each.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

test("each part comes after all that it waits for", () => {
  const seen = new Set<string>();
  for (const each of planNative(file, options)) {
    for (const other of Object.keys(each.dependsOn)) expect(seen).toContain(other);
    seen.add(each.name);
  }
  expect(seen.size).toBe(12);
});

test("a choice of parts brings along what they need, and nothing else", () => {
  const names = planNative(file, { ...options, only: ["connect"] }).map((each) => each.name);
  expect(names.sort()).toEqual(["connect", "kafka", "postgres"]);
});

test("a part that does not exist is named", () => {
  expect(() => planNative(file, { ...options, only: ["nowhere"] })).toThrow('no service "nowhere"');
});

test("a circle of dependencies is named", () => {
  const circle = parseComposeFile(
    `services:
  a: { image: "a:1", depends_on: { b: { condition: service_started } }, x-native: { run: node } }
  b: { image: "b:1", depends_on: { a: { condition: service_started } }, x-native: { run: node } }`,
    {},
  );
  expect(() => planNative(circle, options)).toThrow("in a circle: a, b");
});

describe("a service of ours", () => {
  const order = part("order");

  test("listens on the loopback address at its shifted port", () => {
    expect(order.environment).toMatchObject({ HOST: "127.0.0.1", PORT: "5001" });
    expect(order.probe).toEqual({ kind: "http", url: "http://127.0.0.1:5001/readyz" });
  });

  test("finds the others at their native ports", () => {
    expect(order.environment).toMatchObject({
      DATABASE_URL: "postgres://order:order@127.0.0.1:5010/order",
      KAFKA_BROKERS: "127.0.0.1:5014",
      SCHEMA_REGISTRY_URL: "http://127.0.0.1:5013/apis/ccompat/v7",
    });
  });

  test("has its folders in the run's home and the checkout", () => {
    expect(order.cwd).toBe(join(root, "services/order"));
    expect(order.environment["SCHEMA_CACHE_DIR"]).toBe("/var/holdfast/run/data/order/schemas");
    expect(part("operations").environment["RULES_DIR"]).toBe(join(root, "rules"));
  });
});

describe("the trace store", () => {
  test("is Zipkin where Jaeger is not at hand, and the services export to it", () => {
    expect([...part("jaeger").ports]).toEqual([[9411, 10_411]]);
    const { environment } = part("order");
    expect(environment["OTEL_TRACES_EXPORTER"]).toBe("zipkin");
    expect(environment["OTEL_EXPORTER_ZIPKIN_ENDPOINT"]).toBe(
      "http://127.0.0.1:10411/api/v2/spans",
    );
    expect(environment).not.toHaveProperty("OTEL_EXPORTER_OTLP_ENDPOINT");
  });

  test("is left alone where the collector is another", () => {
    const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.example:4318" };
    const elsewhere = parseComposeFile(text, variables);
    const [order] = planNative(elsewhere, { ...options, only: ["order"] }).slice(-1);
    expect(order?.environment).toMatchObject({ OTEL_TRACES_EXPORTER: "otlp", ...variables });
  });

  test("is Jaeger where it is, and nothing changes but its address", () => {
    const { environment } = part("order", { traceStore: "jaeger" });
    expect(environment["OTEL_TRACES_EXPORTER"]).toBe("otlp");
    expect(environment["OTEL_EXPORTER_OTLP_ENDPOINT"]).toBe("http://127.0.0.1:5318");
  });
});

test("health checks are probed without the programs that they name", () => {
  expect(part("postgres").probe).toEqual({ kind: "postgres", port: 5010 });
  expect(part("kafka").probe).toEqual({ kind: "tcp", port: 5014 });
  expect(part("registry").probe).toEqual({
    kind: "http",
    url: "http://127.0.0.1:5016/health/ready",
  });
});
