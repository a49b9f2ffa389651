import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockPath, takeComputer } from "../../rehearsal/alone";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "twinset-alone-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("the first takes it and gives it back", () => {
  const path = lockPath(directory);
  const giveBack = takeComputer(path);
  expect(readFileSync(path, "utf8")).toBe(String(process.pid));
  (giveBack as () => void)();
  expect(existsSync(path)).toBe(false);
});

test("a second one is told which process has it, as long as that lives; what a dead one has left is taken", async () => {
  const path = lockPath(directory);
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  const gone = new Promise((resolve) => other.once("exit", resolve));
  writeFileSync(path, String(other.pid));
  expect(takeComputer(path)).toBe(other.pid);
  other.kill();
  await gone;
  expect(takeComputer(path)).toBeInstanceOf(Function);
  writeFileSync(path, "not a number");
  expect(takeComputer(path)).toBeInstanceOf(Function);
});
