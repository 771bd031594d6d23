/** What `npm test` does, in order: quick checks first, so that most mistakes are told within a minute. */

export interface Step {
  readonly name: string;
  readonly commands: readonly (readonly string[])[];
  /** A jest project, whose tests are counted one by one; any other step counts as one test. */
  readonly jest: boolean;
}

const node = process.execPath;
const check = (name: string, ...commands: string[][]): Step => ({ name, commands, jest: false });

const jest = (name: string, project: string, ...options: string[]): Step => ({
  name,
  commands: [[node, "node_modules/jest/bin/jest.js", "--selectProjects", project, ...options]],
  jest: true,
});

export const steps: readonly Step[] = [
  check("generated files are fresh", [node, "scripts/generate.ts", "--check"]),
  check("types", ["turbo", "run", "typecheck"], ["tsc", "-p", "scripts"], ["tsc", "-p", "e2e"]),
  check("lint", ["biome", "check", "--error-on-warnings", "."]),
  check("package boundaries", ["turbo", "boundaries"]),
  check("compose file", ["dclint", "--max-warnings", "0", "docker-compose.yml"]),
  jest("unit", "unit"),
  jest("integration", "int"),
  jest("end to end", "e2e", "--runInBand"),
];
