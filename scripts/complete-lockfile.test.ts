import { expect, test } from "@jest/globals";
import { missingEntries, platformOf } from "./complete-lockfile.mjs";

test.each([
  ["@swc/core-linux-x64-musl", { os: ["linux"], cpu: ["x64"], libc: ["musl"] }],
  ["@swc/core-linux-arm64-gnu", { os: ["linux"], cpu: ["arm64"], libc: ["glibc"] }],
  ["@swc/core-linux-arm-gnueabihf", { os: ["linux"], cpu: ["arm"], libc: ["glibc"] }],
  ["turbo-windows-64", { os: ["win32"] }],
  ["@biomejs/cli-darwin-arm64", { os: ["darwin"], cpu: ["arm64"] }],
  ["fsevents", null],
])("%s is for %j", (name, expected) => {
  expect(platformOf(name)).toEqual(expected);
});

test("an optional package without an entry gets one", () => {
  const packages = {
    "node_modules/tool": { dev: true, optionalDependencies: { "tool-linux-x64": "^1.2.3" } },
  };
  expect(missingEntries(packages)).toEqual({
    "node_modules/tool-linux-x64": {
      version: "1.2.3",
      dev: true,
      optional: true,
      os: ["linux"],
      cpu: ["x64"],
    },
  });
});

test("an entry that is there stays as it is", () => {
  const packages = {
    "node_modules/tool": { optionalDependencies: { "tool-linux-x64": "1.2.3" } },
    "node_modules/tool-linux-x64": { version: "1.2.3" },
  };
  expect(missingEntries(packages)).toEqual({});
});

test("a package whose name tells no platform is named", () => {
  const packages = { "node_modules/tool": { optionalDependencies: { mystery: "1.0.0" } } };
  expect(() => missingEntries(packages)).toThrow("cannot tell the platform of mystery@1.0.0");
});
