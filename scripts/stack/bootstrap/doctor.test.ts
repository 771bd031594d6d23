import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { examine } from "./doctor.mjs";

let root = "";
let other: Server;
let port = 0;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "holdfast-doctor-"));
  other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const address = other.address();
  port = typeof address === "object" && address ? address.port : 0;
  writeFileSync(join(root, "docker-compose.yml"), `ports: ["127.0.0.1:${port}:80"]\n`);
});
afterEach(async () => {
  await new Promise((resolve) => other.close(resolve));
  rmSync(root, { recursive: true, force: true });
});

test("a port that another program has is a problem with a cure", async () => {
  const findings = await examine(root, { PATH: process.env["PATH"] });
  expect(findings).toContainEqual({
    ok: false,
    what: `port ${port} is taken`,
    advice: expect.stringContaining("HOLDFAST_PORT_OFFSET=1000"),
  });
});

test("ports that the run itself has are none", async () => {
  writeFileSync(join(root, "run.json"), JSON.stringify({ supervisor: { pid: process.pid } }));
  const home = { HOLDFAST_HOME: join(root, ".."), HOLDFAST_RUN: root.split("/").at(-1) };
  const findings = await examine(root, { PATH: process.env["PATH"], ...home });
  expect(findings.filter(({ ok }) => !ok)).toEqual([]);
});

test("a machine without Maven is told what it is for, unless all is fetched", async () => {
  const maven = async () =>
    (await examine(root, { PATH: "", HOLDFAST_CACHE: root })).find(
      ({ what }) => what === "no Maven",
    );
  expect(await maven()).toMatchObject({
    ok: false,
    advice: expect.stringContaining("install Maven"),
  });
  writeFileSync(join(root, "parts.sha256"), "");
  expect(await maven()).toMatchObject({ ok: true });
});
