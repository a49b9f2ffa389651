const { availableParallelism } = require("node:os");
const { compilerOptions } = require("./tsconfig.json");

// Tests compare what is printed. Whether it has colours must not depend on who runs them: a CI's `CI`, a terminal.
process.env.NO_COLOR = "1";
delete process.env.FORCE_COLOR;

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  testMatch: ["<rootDir>/__tests__/**/*.test.ts"],
  globalSetup: "<rootDir>/__tests__/support/temporary.ts",
  // One process that runs every file gets slower with each, as it keeps all that they have loaded: after seventy files it
  // had 3.5 GB and took three times as long. So there are always workers, also on two cores, and a large one makes room.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  workerIdleMemoryLimit: "1GB",
  // What takes a second takes ten on a computer that others use, too: only what hangs is to fail.
  testTimeout: 60_000,
  // Types are `npm run typecheck`'s concern; here each file is only translated.
  transform: { "\\.ts$": ["ts-jest", { diagnostics: false, tsconfig: { ...compilerOptions, isolatedModules: true } }] },
  moduleNameMapper: { "^@cdktf/provider-hcloud/lib/(.*)$": "<rootDir>/.gen/providers/hcloud/$1" },
  modulePathIgnorePatterns: ["<rootDir>/cdktf.out"],
  // Of its own the files that are counted: V8 counts all that is loaded, and a run took nearly twice as long.
  coverageProvider: "babel",
  collectCoverage: true,
  // Types alone are no lines that could run.
  collectCoverageFrom: ["{config,model,constructs,stacks}/**/*.ts", "!model/service.ts"],
  coverageReporters: ["text-summary"],
  coverageThreshold: {
    "./config/": { lines: 90 },
    "./model/": { lines: 90 },
    "./constructs/": { lines: 90 },
    "./stacks/": { lines: 90 },
  },
};
