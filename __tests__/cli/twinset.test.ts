/** The program as people run it: a process of its own, with what it prints and its exit code. */
import { describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMANDS, programFor } from "../../cli/twinset";

const root = join(__dirname, "../..");

function run(args: string[], env: Record<string, string> = {}) {
  const { PATH } = process.env;
  const done = spawnSync(process.execPath, args, {
    cwd: root,
    env: { PATH, NO_COLOR: "1", ...env },
    encoding: "utf8",
  });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

function withOutdir<T>(use: (outdir: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), "twinset-cli-"));
  try {
    return use(join(directory, "out"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("npm start", () => {
  test("writes every stack and shows each of them", () => {
    withOutdir((outdir) => {
      const { code, stdout, stderr } = run(["bin/twinset.cjs", "synth"], { CDKTF_OUTDIR: outdir });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(readdirSync(join(outdir, "stacks")).sort()).toEqual(["delivery", "development", "production", "staging"]);
      for (const text of [
        "development  this computer's Docker",
        "ccx33 in fsn1",
        "ccx43 in fsn1",
        "131.00 USD a month",
        "production after a review by somebody else, production-plan, production-watch, production-close: 35 secrets, 31 variables",
      ]) {
        expect(stdout).toContain(text);
      }
    });
  });

  test.each([
    ["sentineliq", ["ccx23 in fsn1", "kibana", "api  app"]],
    ["korczewski", ["ccx13 in fsn1", "backend ×3", "webhooks.payment"]],
  ])("PLATFORM=%s npm start: another platform's stacks", (platform, texts) => {
    withOutdir((outdir) => {
      const { code, stdout, stderr } = run(["bin/twinset.cjs", "synth"], { CDKTF_OUTDIR: outdir, PLATFORM: platform });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      for (const text of texts) expect(stdout).toContain(text);
    });
  });

  test.each([
    [
      "an unknown platform",
      { PLATFORM: "manacor" },
      ["error: PLATFORM", "given     manacor", "expected  one of manacore"],
    ],
    ["an unknown profile", { PROFILES: "chatt" }, ["error: PROFILES", "given     chatt", "bauntown"]],
  ])("%s: said in words, exit code 1, nothing written", (_, env, texts) => {
    withOutdir((outdir) => {
      const { code, stderr } = run(["bin/twinset.cjs", "synth"], { CDKTF_OUTDIR: outdir, ...env });
      expect(code).toBe(1);
      for (const text of texts) expect(stderr).toContain(text);
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(existsSync(outdir)).toBe(false);
    });
  });
});

test("what cdktf runs says the same, without a stack trace", () => {
  withOutdir((outdir) => {
    const { code, stderr } = run(["scripts/main.cjs"], { CDKTF_OUTDIR: outdir, PLATFORM: "manacor" });
    expect(code).toBe(1);
    expect(stderr).toContain("error: PLATFORM");
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(existsSync(outdir)).toBe(false);
  });
});

describe("npm run env", () => {
  test("lists names and what is missing; exit code 1 while something is", () => {
    const { code, stdout } = run(["bin/twinset.cjs", "env", "production"], { TF_VAR_hcloud_token: "very-secret" });
    expect(code).toBe(1);
    expect(stdout).toMatch(/TF_VAR_hcloud_token +set +yes/);
    expect(stdout).toMatch(/TF_VAR_stripe_secret_key +missing +yes +mana-core-auth\/mana-core-auth/);
    expect(stdout).not.toContain("very-secret");
  });
  test("without an environment: each one's file, and 1 while one is incomplete", () => {
    const { code, stdout } = run(["bin/twinset.cjs", "env"], { PLATFORM: "korczewski" });
    expect(code).toBe(1);
    for (const name of ["development", "staging", "production"]) {
      expect(stdout).toContain(`.env.korczewski.${name}: incomplete`);
    }
  });
  test("an unknown environment: the known ones are listed", () => {
    const { code, stderr } = run(["bin/twinset.cjs", "env", "prod"]);
    expect(code).toBe(1);
    expect(stderr).toContain("one of development, staging and production");
  });
});

describe("the list of commands", () => {
  test.each(COMMANDS)("%s is what its module ends with", async (name, load) => {
    expect((await load()).command.name()).toBe(name);
  });
  test("has each once, in the order of the help", async () => {
    const names = COMMANDS.map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
    const help = (await programFor(["--help"])).helpInformation();
    expect([...help.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name)).toEqual([...names, "help"]);
  });
  test("of one that is asked for loads that one alone, and helps after a mistake in it", async () => {
    const { commands } = await programFor(["status", "--nope"]);
    expect(commands.map((command) => command.name())).toEqual(["status"]);
    const { code, stderr } = run(["bin/twinset.cjs", "status", "--nope"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: unknown option '--nope'\n\nUsage: twinset status \[options\] \[environment\]\n/);
  });
  test("an unknown one: what may have been meant, and all that there are", () => {
    const { code, stderr } = run(["bin/twinset.cjs", "statsu"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: unknown command 'statsu'\n\(Did you mean status\?\)/);
    for (const [name] of COMMANDS) expect(stderr).toContain(`\n  ${name} `);
  });
});
