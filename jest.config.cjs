/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/__tests__"],
  testMatch: ["**/*.test.ts"],
  transform: {
    "\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  moduleNameMapper: { "^@cdktf/provider-hcloud/lib/(.*)$": "<rootDir>/.gen/providers/hcloud/$1" },
  modulePathIgnorePatterns: ["<rootDir>/cdktf.out"],
  coverageProvider: "v8",
  collectCoverage: true,
  collectCoverageFrom: ["{config,model,constructs,stacks}/**/*.ts"],
  coverageReporters: ["text-summary"],
  coverageThreshold: {
    "./config/": { lines: 90 },
    "./model/": { lines: 90 },
    "./constructs/": { lines: 90 },
    "./stacks/": { lines: 90 },
  },
};
