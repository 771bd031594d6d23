import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { isInstalled } from "./install.mjs";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "holdfast-install-"));
  mkdirSync(join(root, "node_modules"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (name: string, packages: object) =>
  writeFileSync(join(root, name), JSON.stringify({ packages }));

const express = { version: "5.3.0", integrity: "sha512-a" };

const cases = [
  {
    when: "nothing is installed",
    wanted: { "node_modules/express": express },
    installed: null,
    expected: false,
  },
  {
    when: "all is there",
    wanted: { "": {}, "node_modules/express": express },
    installed: { "node_modules/express": express },
    expected: true,
  },
  {
    when: "a version differs",
    wanted: { "node_modules/express": express },
    installed: { "node_modules/express": { ...express, version: "4.0.0" } },
    expected: false,
  },
  {
    when: "one is missing",
    wanted: { "node_modules/express": express, "node_modules/pg": {} },
    installed: { "node_modules/express": express },
    expected: false,
  },
  {
    when: "only another platform's is missing",
    wanted: { "node_modules/x-win32": { optional: true } },
    installed: {},
    expected: true,
  },
];

test.each(cases)("when $when", ({ wanted, installed, expected }) => {
  write("package-lock.json", wanted);
  if (installed) write("node_modules/.package-lock.json", installed);
  expect(isInstalled(root)).toBe(expected);
});
