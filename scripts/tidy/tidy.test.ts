import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { rules } from "./rules.ts";
import { readSourceTree, type SourceFile } from "./source-tree.ts";

const root = join(import.meta.dirname, "../..");
// The rules and their examples quote what they forbid.
const tree = readSourceTree(root).filter((source) => !source.path.startsWith("scripts/tidy/"));

const file = (path: string, text: string): SourceFile => ({ path, text, lines: text.split("\n") });

describe("the house is tidy", () => {
  test.each(rules)("$name", ({ check }) => {
    const found = check(tree).map(({ path, line, message }) => `${path}:${line}: ${message}`);
    expect(found).toEqual([]);
  });
});

describe("each rule finds what it is for", () => {
  const planted: Record<string, SourceFile> = {
    "packages import only what they may": file(
      "services/order/src/a.ts",
      'import { x } from "@holdfast/cep";',
    ),
    "each workspace declares what it imports, and no more": file(
      "services/order/package.json",
      '{ "name": "@holdfast/order", "dependencies": { "left-pad": "1.3.0" } }',
    ),
    "domain folders import only domain folders": file(
      "services/order/src/domain/a.ts",
      'import { Pool } from "pg";',
    ),
    "the engine and every domain folder are pure": file(
      "packages/cep/src/a.ts",
      "const now = performance.now();",
    ),
    "clocks and randomness enter at the edge alone": file(
      "services/order/src/store/a.ts",
      "const at = Date.now();",
    ),
    "tests wait for conditions, never for time": file(
      "services/order/src/a.test.ts",
      "await new Promise((done) => setTimeout(done, 10));",
    ),
    "services log, they do not print": file("services/order/src/a.ts", 'console.log("x");'),
    "nothing is excused from the type checker": file("scripts/a.ts", "const x = y as any;"),
    "files stay small": file("scripts/a.ts", "\n".repeat(501)),
    "functions stay small": file(
      "scripts/a.ts",
      `export function a(\n  b: number,\n): void {\n${"  b;\n".repeat(68)}}`,
    ),
    "files are named in kebab case": file("scripts/stringUtils.ts", ""),
    "every migration can go up and down": file(
      "services/order/migrations/0001_a.sql",
      "-- Up Migration\ncreate table a ();",
    ),
    "the project speaks of itself alone": file("README.md", "see /root/notes"),
  };

  test.each(rules)("$name", ({ name, check }) => {
    const guilty = planted[name];
    expect(guilty).toBeDefined();
    expect(check([guilty as SourceFile])).not.toEqual([]);
  });
});
