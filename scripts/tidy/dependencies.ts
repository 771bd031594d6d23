import type { Rule, Violation } from "./rules.ts";
import { isTest, type SourceFile } from "./source-tree.ts";

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** A package.json with the code that it answers for. */
interface Workspace {
  readonly path: string;
  readonly text: string;
  readonly manifest: Manifest;
  readonly code: readonly SourceFile[];
}

/** What every workspace's tests may import; the root declares the foreign ones. */
const TEST_TOOLS = ["@jest/globals", "fast-check", "supertest", "@holdfast/testkit"];

const WORKSPACE = /^(?:packages|services|simulators)\/[^/]+\//;
const IMPORT = /(?:^|[\s;}])(?:from|import) "([^".][^"]*)"/g;

function workspacesIn(files: readonly SourceFile[]): Workspace[] {
  return files
    .filter(({ path }) => /^((packages|services|simulators)\/[^/]+\/)?package\.json$/.test(path))
    .map(({ path, text }) => {
      const folder = path.slice(0, -"package.json".length);
      const code = files.filter(
        (file) =>
          /\.(ts|mjs)$/.test(file.path) && (WORKSPACE.exec(file.path)?.[0] ?? "") === folder,
      );
      return { path, text, manifest: JSON.parse(text) as Manifest, code };
    });
}

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

/** The packages of others that a file imports, with the lines on which it does. */
function importsOf(file: SourceFile): { name: string; line: number }[] {
  return file.lines.flatMap((text, index) =>
    [...text.matchAll(IMPORT)]
      .map(([, specifier = ""]) => ({ name: packageOf(specifier), line: index + 1 }))
      .filter(({ name }) => !name.startsWith("node:")),
  );
}

function undeclared({ path: at, manifest, code }: Workspace): Violation[] {
  const isRoot = at === "package.json";
  const needed = new Set([...Object.keys(manifest.dependencies ?? {}), manifest.name]);
  const known = new Set([...needed, ...Object.keys(manifest.devDependencies ?? {}), ...TEST_TOOLS]);
  return code.flatMap((file) =>
    importsOf(file)
      // The root is never deployed, and its workspaces are its own.
      .filter(({ name }) => !(isRoot || isTest(file) ? known : needed).has(name))
      .filter(({ name }) => !(isRoot && name.startsWith("@holdfast/")))
      .map(({ name, line }) => ({
        path: file.path,
        line,
        message: `declare ${name} in ${at}`,
      })),
  );
}

function unused({ path, text, manifest, code }: Workspace): Violation[] {
  if (path === "package.json") return []; // its tools are run, not imported
  const production = code.filter((file) => !isTest(file));
  const declared = [
    ...Object.keys(manifest.dependencies ?? {}).map((name) => ({ name, by: production })),
    ...Object.keys(manifest.devDependencies ?? {}).map((name) => ({ name, by: code })),
  ];
  return declared
    .filter(({ name, by }) => !by.some((file) => names(file.text, name)))
    .map(({ name }) => ({
      path,
      line: text.split("\n").findIndex((line) => line.includes(`"${name}"`)) + 1,
      message: `nothing here imports ${name}; what tests alone import is a devDependency`,
    }));
}

/** Whether code names a package as a whole string, however it loads it. */
const names = (code: string, name: string): boolean =>
  code.includes(`"${name}"`) || code.includes(`"${name}/`);

/** Every import is declared where it is made, and every declaration is used. */
export const dependenciesRule: Rule = {
  name: "each workspace declares what it imports, and no more",
  check: (files) => workspacesIn(files).flatMap((one) => [...undeclared(one), ...unused(one)]),
};
