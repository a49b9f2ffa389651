import { afterEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runWith } from "../../../cli/inputs/with";

describe("running it", () => {
  const directory = mkdtempSync(join(tmpdir(), "twinset-with-"));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const script = (text: string, env = {}) => runWith([process.execPath, "-e", text], { ...process.env, ...env });

  test("gives the command the values, and its exit code back", async () => {
    const file = join(directory, "seen");
    const text = `require("fs").mkdirSync(${JSON.stringify(directory)}, { recursive: true });
      require("fs").writeFileSync(${JSON.stringify(file)}, process.env.VALUE); process.exit(7)`;
    expect(await script(text, { VALUE: "a $(value) 'as' it \"is\"" })).toBe(7);
    expect(existsSync(file) && readFileSync(file, "utf8")).toBe("a $(value) 'as' it \"is\"");
  });
  test("one that a signal ended has that signal's code", async () => {
    expect(await script('process.kill(process.pid, "SIGKILL")')).toBe(137);
  });
  test("a program that is none is a mistake in words", async () => {
    await expect(runWith(["no-such-program"], process.env)).rejects.toThrow(/^error: command\n.*no-such-program/);
  });
});
