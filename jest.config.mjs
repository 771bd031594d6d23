const project = (displayName, globs, extra = {}) => ({
  displayName,
  testMatch: globs.map((glob) => `<rootDir>/${glob}`),
  rootDir: import.meta.dirname,
  testEnvironment: "node",
  modulePathIgnorePatterns: ["<rootDir>/\\.holdfast/", "<rootDir>/\\.cache/"],
  extensionsToTreatAsEsm: [".ts"],
  transformIgnorePatterns: ["/node_modules/"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2024" },
        module: { type: "es6" },
        sourceMaps: "inline",
      },
    ],
  },
  ...extra,
});

export default {
  testTimeout: 30_000,
  projects: [
    project(
      "unit",
      [
        "{packages,services,simulators}/*/src/**/*.test.ts",
        "{scripts,rules,e2e/simulation}/**/*.test.ts",
      ],
      { testPathIgnorePatterns: ["/node_modules/", "\\.int\\.test\\.ts$"] },
    ),
    project(
      "int",
      ["{packages,services,simulators}/*/src/**/*.int.test.ts", "e2e/simulation/**/*.int.test.ts"],
      {
        globalSetup: "<rootDir>/packages/testkit/src/jest/start-backing-services.ts",
        globalTeardown: "<rootDir>/packages/testkit/src/jest/stop-backing-services.ts",
      },
    ),
    project("e2e", ["e2e/**/*.test.ts"], {
      testPathIgnorePatterns: ["/node_modules/", "<rootDir>/e2e/simulation/"],
      globalSetup: "<rootDir>/e2e/setup/start-suite.ts",
      globalTeardown: "<rootDir>/e2e/setup/stop-suite.ts",
    }),
  ],
};
