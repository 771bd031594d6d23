import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { fetchArtifacts } from "./artifacts.ts";

let root = "";
let cache = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "holdfast-artifacts-"));
  cache = join(root, "cache");
  mkdirSync(join(root, "infra/native"), { recursive: true });
  writeFileSync(join(root, "infra/native/pom.xml"), "<project/>");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Puts a program in Maven's place. It counts its starts in `calls`. */
function fakeMaven(script: string): () => number {
  const calls = join(root, "calls");
  writeFileSync(join(root, "mvn"), `#!/bin/sh\necho x >> ${calls}\n${script}\n`, { mode: 0o755 });
  return () => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n").length : 0);
}

const downloads = [
  "echo '[INFO] Downloading from central: https://host/a/one.jar'",
  "echo '[INFO] Downloaded from central: https://host/a/one.jar (1.5 MB at 2 MB/s)'",
  "echo '[INFO] Downloaded from central: https://host/a/two.jar (500 kB at 2 MB/s)'",
].join("\n");

test("programs are fetched once, with progress", async () => {
  const calls = fakeMaven(downloads);
  const progress: [number, number, string][] = [];
  const fetch = () =>
    fetchArtifacts({ root, cache, maven: join(root, "mvn") }, (...step) => progress.push(step));
  expect(await fetch()).toBe(join(cache, "parts"));
  await fetch();
  expect(calls()).toBe(1);
  expect(progress.at(-1)).toEqual([2, 2, "two.jar"]);
});

test("another version is fetched anew", async () => {
  const calls = fakeMaven(downloads);
  await fetchArtifacts({ root, cache, maven: join(root, "mvn") }, () => {});
  writeFileSync(join(root, "infra/native/pom.xml"), "<project>2</project>");
  await fetchArtifacts({ root, cache, maven: join(root, "mvn") }, () => {});
  expect(calls()).toBe(2);
});

test("a failed fetch tells Maven's last words and is tried again", async () => {
  const calls = fakeMaven("echo 'no route to host'; exit 1");
  await expect(fetchArtifacts({ root, cache, maven: join(root, "mvn") }, () => {})).rejects.toThrow(
    "no route to host",
  );
  await expect(fetchArtifacts({ root, cache, maven: join(root, "mvn") }, () => {})).rejects.toThrow(
    "no route to host",
  );
  expect(calls()).toBe(2);
});
