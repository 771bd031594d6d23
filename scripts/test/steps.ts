/** What `npm test` does, in order: quick checks first, so that most mistakes are told within a minute. */

export interface Step {
  readonly name: string;
  readonly commands: readonly (readonly string[])[];
  /** A jest project, whose tests are counted one by one; any other step counts as one test. */
  readonly jest: boolean;
  /** The run of the whole suite in which it works; steps of one run are neighbours. Null for none. */
  readonly suite: string | null;
}

const node = process.execPath;
const check = (name: string, ...commands: string[][]): Step => ({
  name,
  commands,
  jest: false,
  suite: null,
});

const jest = (name: string, project: string, ...options: string[]): Step => ({
  name,
  commands: [[node, "node_modules/jest/bin/jest.js", "--selectProjects", project, ...options]],
  jest: true,
  suite: null,
});

const within = (suite: string, ...some: Step[]): Step[] => some.map((step) => ({ ...step, suite }));

const kafkaCommand = (file: string): string[] => [
  node,
  "--disable-warning=TimeoutNegativeWarning",
  file,
];

export const steps: readonly Step[] = [
  check("generated files are fresh", [node, "scripts/generate.ts", "--check"]),
  check("types", ["turbo", "run", "typecheck"], ["tsc", "-p", "scripts"], ["tsc", "-p", "e2e"]),
  check("lint", ["biome", "check", "--error-on-warnings", "."]),
  check("package boundaries", ["turbo", "boundaries"]),
  check("compose file", ["dclint", "--max-warnings", "0", "docker-compose.yml"]),
  jest("unit", "unit"),
  jest("integration", "int"),
  ...within(
    "end-to-end",
    jest("end to end", "e2e", "--runInBand"),
    check("replay of what the scorer did", kafkaCommand("scripts/verify-replay.ts")),
  ),
  // Others may use this machine too: ten times the time for everything.
  check("chaos", [...kafkaCommand("scripts/chaos.ts"), "--patience", "10"]),
];
