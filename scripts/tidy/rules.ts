import { dependenciesRule } from "./dependencies.ts";
import { functionLengths } from "./function-lengths.ts";
import { codeOf, isTest, isTypeScript, type SourceFile } from "./source-tree.ts";

/** One broken rule: where, and what to do instead. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** A rule of the house: its name as a sentence, and what it finds. */
export interface Rule {
  readonly name: string;
  readonly check: (files: readonly SourceFile[]) => Violation[];
}

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
}

function banned(files: readonly SourceFile[], bans: readonly Ban[]): Violation[] {
  return files.flatMap((file) =>
    file.lines.flatMap((line, index) =>
      bans
        .filter((ban) => ban.pattern.test(codeOf(line)))
        .map((ban) => ({ path: file.path, line: index + 1, message: ban.instead })),
    ),
  );
}

const CLOCKS_AND_CHANCE: readonly Ban[] = [
  { pattern: /\bDate\.now\b|\bnew Date\(\)/, instead: "take the time as an argument (Clock)" },
  { pattern: /\bMath\.random\b|\brandomUUID\b/, instead: "take ids and randomness as arguments" },
];

const PURE: readonly Ban[] = [
  ...CLOCKS_AND_CHANCE,
  { pattern: /\bperformance\.now\b/, instead: "a pure room has no clock" },
  { pattern: /\bprocess\./, instead: "a pure room knows no process; take settings as arguments" },
  { pattern: /from "node:(?!crypto)/, instead: "a pure room does no I/O" },
];

const isPureRoom = (file: SourceFile): boolean =>
  isTypeScript(file) && !isTest(file) && /^packages\/cep\/src\/|\/domain\//.test(file.path);

/** Where the real clock and real randomness enter the program. */
const EDGES =
  /^(scripts|e2e|simulators|infra)\/|^packages\/(testkit|telemetry)\/|^packages\/service-kit\/src\/(clock|ids)\.ts$|^packages\/messaging\/src\/system\.ts$|\/src\/main\.ts$/;

const isInside = (file: SourceFile): boolean =>
  isTypeScript(file) && !isTest(file) && !EDGES.test(file.path);

const FOUNDATIONS = ["service-kit", "outbox", "messaging", "contracts", "telemetry"];

/** Which of our packages a package may import. Tests may import testkit besides. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cep: [],
  contracts: [],
  telemetry: [],
  "service-kit": ["telemetry"],
  messaging: ["contracts", "telemetry"],
  outbox: ["messaging", "contracts", "telemetry"],
  testkit: ["messaging", "outbox", "contracts", "telemetry", "service-kit"],
  "event-service": FOUNDATIONS,
  services: ["event-service", ...FOUNDATIONS],
  "fraud-scoring": ["event-service", ...FOUNDATIONS, "cep"],
  operations: [...FOUNDATIONS, "cep"],
  simulators: ["service-kit", "telemetry", "messaging"],
};

/** What the tests of a package may import besides; the others' tests may import testkit. */
const TESTS_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // Idempotency keys are judged where they are used: over HTTP.
  outbox: ["testkit", "service-kit"],
};

function allowedImports(path: string): readonly string[] | undefined {
  const [area, name] = path.split("/");
  if (area === "packages") return MAY_IMPORT[name ?? ""];
  if (area === "services") return MAY_IMPORT[name ?? ""] ?? MAY_IMPORT["services"];
  return area === "simulators" ? MAY_IMPORT["simulators"] : undefined;
}

function importDirections(files: readonly SourceFile[]): Violation[] {
  return files.filter(isTypeScript).flatMap((file) => {
    const allowed = allowedImports(file.path);
    if (allowed === undefined) return [];
    const own = file.path.split("/")[1];
    return file.lines.flatMap((line, index) => {
      const target = /from "@holdfast\/([a-z-]+)/.exec(line)?.[1];
      if (target === undefined || target === own || allowed.includes(target)) return [];
      if (isTest(file) && (TESTS_MAY_IMPORT[own ?? ""] ?? ["testkit"]).includes(target)) return [];
      return [{ path: file.path, line: index + 1, message: `may not import ${target}` }];
    });
  });
}

function domainImportsDomain(files: readonly SourceFile[]): Violation[] {
  const domain = files.filter((file) => isTypeScript(file) && file.path.includes("/domain/"));
  return domain
    .filter((file) => !isTest(file))
    .flatMap((file) =>
      file.lines.flatMap((line, index) => {
        const target = /^(?!import type).*from "([^"]+)"/.exec(line)?.[1];
        if (target === undefined || target.startsWith("./")) return [];
        if (target === "@holdfast/contracts" || target === "node:crypto") return [];
        return [{ path: file.path, line: index + 1, message: "domain/ imports only domain/" }];
      }),
    );
}

/** The least number that nine of ten do not exceed. */
const ninetiethPercentile = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * 0.9)] ?? 0;

const MAX_FILE_LINES = 500;
const P90_FILE_LINES = 250;

function fileSizes(files: readonly SourceFile[]): Violation[] {
  const sources = files.filter(isTypeScript);
  const tooLong = sources
    .filter((file) => file.lines.length > MAX_FILE_LINES)
    .map((file) => ({
      path: file.path,
      line: file.lines.length,
      message: `split it: no file is longer than ${MAX_FILE_LINES} lines`,
    }));
  const p90 = ninetiethPercentile(sources.map((file) => file.lines.length));
  if (p90 <= P90_FILE_LINES) return tooLong;
  const message = `nine files of ten have at most ${P90_FILE_LINES} lines; now it is ${p90}`;
  return [...tooLong, { path: ".", line: 0, message }];
}

const MAX_FUNCTION_LINES = 70;
const P90_FUNCTION_LINES = 26;

function functionSizes(files: readonly SourceFile[]): Violation[] {
  const functions = functionLengths(files);
  const tooLong = functions
    .filter(({ lines }) => lines > MAX_FUNCTION_LINES)
    .map(({ path, line, lines }) => ({ path, line, message: `split it: it has ${lines} lines` }));
  const p90 = ninetiethPercentile(functions.map(({ lines }) => lines));
  if (p90 <= P90_FUNCTION_LINES) return tooLong;
  const message = `nine functions of ten have at most ${P90_FUNCTION_LINES} lines; now it is ${p90}`;
  return [...tooLong, { path: ".", line: 0, message }];
}

function names(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(isTypeScript)
    .filter((file) => {
      const base = file.path.split("/").at(-1) ?? "";
      const stem = base.replace(/(\.int)?(\.test)?\.ts$/, "").replace(/\.d$/, "");
      return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem) || /manager|helper|\butils?\b/.test(stem);
    })
    .map((file) => ({ path: file.path, line: 0, message: "kebab-case, named after its export" }));
}

const FOREIGN_WORDS: readonly Ban[] = [
  { pattern: /(^|[\s"'`(])\/(work|tmp\/plan|root|home)\//, instead: "no path of one machine" },
  {
    pattern: /\bissues? #?\d+\b|\b(TODO|FIXME|XXX)\b/,
    instead: "say it in the changelog or do it",
  },
];

function migrations(files: readonly SourceFile[]): Violation[] {
  return files
    .filter((file) => /\/migrations\/.*\.sql$/.test(file.path))
    .filter(
      (file) => !/^-- Up Migration/m.test(file.text) || !/^-- Down Migration/m.test(file.text),
    )
    .map((file) => ({
      path: file.path,
      line: 1,
      message: "needs both '-- Up Migration' and '-- Down Migration': else up runs the down part",
    }));
}

/** The rules of the house that neither the compiler nor the linter can check. */
export const rules: readonly Rule[] = [
  { name: "packages import only what they may", check: importDirections },
  dependenciesRule,
  { name: "domain folders import only domain folders", check: domainImportsDomain },
  {
    name: "the engine and every domain folder are pure",
    check: (files) => banned(files.filter(isPureRoom), PURE),
  },
  {
    name: "clocks and randomness enter at the edge alone",
    check: (files) => banned(files.filter(isInside), CLOCKS_AND_CHANCE),
  },
  {
    name: "tests wait for conditions, never for time",
    check: (files) =>
      banned(
        files.filter((file) => isTypeScript(file) && isTest(file)),
        [{ pattern: /\bsetTimeout\(|\bsleep\(|\bdelay\(/, instead: "use waitFor of testkit" }],
      ),
  },
  {
    name: "services log, they do not print",
    check: (files) =>
      banned(
        files.filter(
          (file) => isTypeScript(file) && !isTest(file) && /^(services|packages)\//.test(file.path),
        ),
        [{ pattern: /\bconsole\./, instead: "use the logger of telemetry" }],
      ),
  },
  {
    name: "nothing is excused from the type checker",
    check: (files) =>
      banned(files.filter(isTypeScript), [
        { pattern: /\bas any\b|: any\b/, instead: "unknown at the edge, parsed once" },
      ]),
  },
  { name: "files stay small", check: fileSizes },
  { name: "functions stay small", check: functionSizes },
  { name: "files are named in kebab case", check: names },
  { name: "every migration can go up and down", check: migrations },
  {
    name: "the project speaks of itself alone",
    check: (files) => banned(files, FOREIGN_WORDS),
  },
];
