import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(__dirname, "../..");
const { mayImport } = jest.requireActual<{ mayImport(room: string): string[] }>("../../rooms.cjs");

/** A checkout of its own, as a developer changes it. */
let project: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "twinset-bundle-"));
  for (const name of ["main.ts", "tsconfig.json", "package.json", "package-lock.json", "rooms.cjs", "scripts"]) {
    cpSync(join(ROOT, name), join(project, name), { recursive: true });
  }
  for (const room of mayImport("main.ts")) cpSync(join(ROOT, room), join(project, room), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(project, "node_modules"));
  mkdirSync(join(project, ".gen"));
  symlinkSync(join(ROOT, ".gen/providers"), join(project, ".gen/providers"));
  copyFileSync(join(ROOT, ".gen/made-from.json"), join(project, ".gen/made-from.json"));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

const run = (args: string[], platform: string): { code: number | null; stdout: string; stderr: string } => {
  const env = { PATH: process.env["PATH"], PLATFORM: platform, CDKTF_OUTDIR: "out", NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, env, encoding: "utf8" });
  return { code: status, stdout, stderr };
};
const synth = (platform = "sentineliq"): ReturnType<typeof run> => run(["scripts/main.cjs"], platform);
const bundles = (): string[] => readdirSync(join(project, ".gen/bundle")).filter((name) => name.endsWith(".cjs"));
const production = (): string => readFileSync(join(project, "out/stacks/production/cdk.tf.json"), "utf8");

/** What comes of a change, which is taken back afterwards. */
function changed<T>(file: string, change: (text: string) => string, look: () => T): T {
  const path = join(project, file);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, change(text));
  try {
    return look();
  } finally {
    writeFileSync(path, text);
  }
}

describe("main.ts as one file", () => {
  test("says the very same as its sources", () => {
    expect(synth()).toEqual({ code: 0, stdout: "", stderr: "" });
    const bundled = production();
    rmSync(join(project, "out"), { recursive: true });
    expect(run(["--no-deprecation", "--import", "tsx", "main.ts"], "sentineliq")).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect(production()).toBe(bundled);
  });

  test("is made once, and anew when a source has changed; the one of older sources goes", () => {
    synth();
    const [first, ...none] = bundles();
    expect(none).toEqual([]);
    synth();
    expect(bundles()).toEqual([first]);
    const before = production();
    // The same length and, for all that anybody knows, the same time.
    const [second] = changed(
      "config/platforms/sentineliq/index.ts",
      (text) => text.replace('labelPrefix: "', 'labelPrefix: "x'),
      () => (synth(), bundles()),
    );
    expect(second).not.toBe(first);
    expect(production()).not.toBe(before);
    synth();
    expect(bundles()).toEqual([first]);
    expect(production()).toBe(before);
  });

  test.each(["package-lock.json", "tsconfig.json"])("is made anew when %s has changed", (file) => {
    synth();
    const before = bundles();
    expect(
      changed(
        file,
        (text) => `${text}\n`,
        () => (synth(), bundles()),
      ),
    ).not.toEqual(before);
  });

  test("names file and line of a source that cannot be read, and writes nothing", () => {
    const { code, stdout, stderr } = changed(
      "config/hetzner.ts",
      (text) => `${text}const x = ;\n`,
      () => synth(),
    );
    const line = readFileSync(join(project, "config/hetzner.ts"), "utf8").split("\n").length;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(`config/hetzner.ts:${line}:10: ERROR`);
  });

  test("names file and line of the source for an error while it runs", () => {
    const file = "stacks/environment-stack.ts";
    const { code, stderr } = changed(
      file,
      (text) => text.replace(/\n(\s*)super\(/, "\n$1(undefined as unknown as { a: string }).a;\n$1super("),
      () => synth(),
    );
    const text = readFileSync(join(project, file), "utf8");
    const line = text.slice(0, text.search(/\n\s*super\(/)).split("\n").length + 1;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^TypeError: Cannot read properties of undefined \(reading 'a'\)\n/);
    expect(stderr).toContain(`${join(project, file)}:${line}:`);
    expect(stderr).not.toContain(".gen/bundle");
  });

  test("a mistake of the person who runs it is told as one", () => {
    expect(synth("nope")).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^error: PLATFORM\n {2}given +nope\n {2}expected .*\n {2}fix .*\n$/),
    });
  });
});
