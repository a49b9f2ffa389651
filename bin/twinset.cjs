#!/usr/bin/env node
// `npx twinset`: runs the TypeScript as it is, in a process that tsx prepares.
const { spawn } = require("node:child_process");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const tsx = pathToFileURL(require.resolve("tsx")).href;
const program = path.join(__dirname, "..", "cli", "twinset.ts");
const child = spawn(process.execPath, ["--import", tsx, program, ...process.argv.slice(2)], { stdio: "inherit" });
// Ctrl-C reaches both, and what it means is the program's to decide; what is sent to this process alone is passed on.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code, signal) => (signal ? process.exit(1) : process.exit(code ?? 1)));
