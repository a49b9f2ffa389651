import { afterEach, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../clients/program";
import { noteChildren, type Timing } from "../../clients/timings";

const directory = mkdtempSync(join(tmpdir(), "twinset-timings-"));
afterEach(() => {
  noteChildren(undefined);
  rmSync(directory, { recursive: true, force: true });
});

test("a child is written down once it has ended, for whoever asked", async () => {
  const file = join(directory, "timings.jsonl");
  await run("true", [], { cwd: "/" });
  expect(existsSync(file)).toBe(false);
  noteChildren(file);
  await run("sleep", ["0.1"], { cwd: "/" });
  noteChildren("");
  await run("true", [], { cwd: "/" });
  const { program, args, began, ended } = JSON.parse(readFileSync(file, "utf8")) as Timing;
  expect([program, args]).toEqual(["sleep", ["0.1"]]);
  expect(ended - began).toBeGreaterThanOrEqual(95);
});
