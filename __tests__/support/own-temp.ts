/** A directory for temporary files that no other test has: what is left behind in it is this test's own. */
import { afterEach, beforeEach, jest } from "@jest/globals";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";

/** @returns what is left behind, for each of the file's tests */
export function ownTemp(): () => readonly string[] {
  let directory = "";
  let spy: { mockRestore(): void };
  beforeEach(() => {
    directory = mkdtempSync(join(os.tmpdir(), "own-"));
    // Jest's process.env is a copy, which Node's own functions do not see.
    spy = jest.spyOn(os, "tmpdir").mockReturnValue(directory);
  });
  afterEach(() => {
    spy.mockRestore();
    rmSync(directory, { recursive: true, force: true });
  });
  return () => readdirSync(directory);
}
