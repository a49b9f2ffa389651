/** Jest's global set-up: all that tests, and what they start, put beside each other is in one directory, and goes with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function temporary(): void {
  const directory = mkdtempSync(join(tmpdir(), "twinset-tests-"));
  // Workers inherit it.
  process.env["TMPDIR"] = directory;
  process.on("exit", () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
}
