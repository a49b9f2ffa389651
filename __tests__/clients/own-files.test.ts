import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { writeWhole } from "../../clients/files";
import { ownName, removeLeft } from "../../clients/own-files";
import { removeUnshown } from "../../cli/shared/kept-plan";
import { guardStateLeft, stateLeft } from "../../terraform/state-left";

const ROOT = join(__dirname, "..", "..");

/** A Terraform that writes its plan for everybody to read, and then takes its time; a Ctrl-C ends it. */
const STAND_IN = `#!/bin/sh
for arg in "$@"; do case "$arg" in -out=*) echo secret > "\${arg#-out=}";; esac; done
echo secret > terraform.tfstate.backup
trap 'echo ended > ended; exit 1' INT
echo ready > ready
i=0; while [ $i -lt 600 ]; do sleep 0.05; i=$((i+1)); done
`;

const program = (folder: string): string => `
  const { WorkingDirectory } = require(${JSON.stringify(join(ROOT, "terraform/working-directory.ts"))});
  const { endCleanly } = require(${JSON.stringify(join(ROOT, "clients/own-files.ts"))});
  endCleanly();
  const terraform = { binary: ${JSON.stringify(join(folder, "terraform"))}, version: "1.11.4" };
  void new WorkingDirectory(terraform, ${JSON.stringify(join(folder, "stack"))}, process.env).plan().catch(() => 0);
`;

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "twinset-own-"));
  writeFileSync(join(folder, "terraform"), STAND_IN);
  chmodSync(join(folder, "terraform"), 0o700);
});
afterEach(() => {
  children.splice(0).forEach((child) => child.kill("SIGKILL"));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const stack = (): string => join(folder, "stack");
const plans = (): string[] => readdirSync(stack()).filter((name) => name.startsWith("tfplan"));

async function planning(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["--import", "tsx", "-e", program(folder)], { cwd: ROOT, stdio: "inherit" });
  children.push(child);
  for (let n = 0; n < 600 && !existsSync(join(stack(), "ready")); n++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return child;
}

const ended = (child: ChildProcess): Promise<NodeJS.Signals | null> =>
  new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));

describe("a command that plans", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s: Terraform is ended, and no plan is left",
    async (signal) => {
      const child = await planning();
      expect(plans()).toHaveLength(1);
      for (const name of [...plans(), "terraform.tfstate.backup"]) {
        expect(statSync(join(stack(), name)).mode & 0o777).toBe(0o600);
      }
      const end = ended(child);
      child.kill(signal);
      await end;
      expect(plans()).toEqual([]);
      expect(existsSync(join(stack(), "ended"))).toBe(true);
    },
    60_000,
  );

  test("SIGKILL: the next one removes its plan, but none of one that runs", async () => {
    const child = await planning();
    const [plan] = plans();
    removeLeft(stack());
    expect(plans()).toEqual([plan]);
    const end = ended(child);
    child.kill("SIGKILL");
    await end;
    expect(plans()).toEqual([plan]);
    removeLeft(stack());
    expect(plans()).toEqual([]);
  }, 60_000);
});

describe("whose a file is", () => {
  test("another process with the same number is another one; another computer's is not judged", () => {
    const mine = ownName("x");
    const recycled = mine.replace(/-[0-9a-z]{8}-/, "-00000000-");
    const elsewhere = `x.of-999999999-00000000-${hostname() === "" ? "00000000" : "ffffffff"}`;
    for (const name of [mine, recycled, elsewhere, "tfplan.0123456789ab", "x"]) writeFileSync(join(folder, name), "");
    removeLeft(folder);
    expect(readdirSync(folder).sort()).toEqual([elsewhere, "terraform", "tfplan.0123456789ab", "x", mine].sort());
  });

  test("a folder that is not there has nothing left", () => {
    expect(() => removeLeft(join(folder, "none"))).not.toThrow();
  });
});

describe("writeWhole", () => {
  const mode = (path: string): number => statSync(path).mode & 0o777;

  test("its owner's alone, also over a file that all may read; an open one stays what it was", () => {
    const path = join(folder, "x.json");
    writeFileSync(path, "", { mode: 0o644 });
    writeWhole(path, "1");
    expect(mode(path)).toBe(0o600);
    writeWhole(join(folder, "open.json"), "1", { open: true });
    expect(mode(join(folder, "open.json"))).toBe(0o644);
    chmodSync(join(folder, "open.json"), 0o640);
    writeWhole(join(folder, "open.json"), "2", { open: true });
    expect(mode(join(folder, "open.json"))).toBe(0o640);
  });

  test("what a killed one left beside it goes", () => {
    const left = `${ownName("x.json").replace(/of-\d+-/, "of-999999999-")}.new`;
    writeFileSync(join(folder, left), "secret");
    writeWhole(join(folder, "x.json"), "1");
    expect(readdirSync(folder).sort()).toEqual(["terraform", "x.json"]);
  });
});

test("plans that nobody was shown go; the one that was shown stays", () => {
  const shown = { id: "0123456789ab", stack: "x", at: "", who: "", changes: [] };
  writeFileSync(join(folder, "tfplan.shown.json"), JSON.stringify(shown));
  for (const name of ["tfplan.0123456789ab", "tfplan.ffffffffffff", ownName("tfplan-ffffffffffff")]) {
    writeFileSync(join(folder, name), "");
  }
  removeUnshown(folder);
  expect(existsSync(join(folder, "tfplan.ffffffffffff"))).toBe(false);
  expect(existsSync(join(folder, "tfplan.0123456789ab"))).toBe(true);
  expect(existsSync(join(folder, ownName("tfplan-ffffffffffff")))).toBe(true);
});

test("a state that could not be written stays, is its owner's alone, and it is said what to do", () => {
  expect(stateLeft(folder)).toBeUndefined();
  writeFileSync(join(folder, "errored.tfstate"), "{}", { mode: 0o644 });
  guardStateLeft(folder);
  expect(statSync(join(folder, "errored.tfstate")).mode & 0o777).toBe(0o600);
  expect(stateLeft(folder)).toMatch(/only copy.*state push errored\.tfstate/);
});

/** A release's command: one Ctrl-C waits, the second ends it. */
const releasing = (folder: string): string => `
  ${program(folder)}
  const { terminalOperator, endNow } = require(${JSON.stringify(join(ROOT, "cli/shared/operator.ts"))});
  terminalOperator(true, () => require("fs").writeFileSync(${JSON.stringify(join(folder, "heard"))}, ""), {
    input: { isTTY: true }, output: process.stderr, exit: endNow,
  });
`;

const until = async (holds: () => boolean): Promise<void> => {
  for (let n = 0; n < 600 && !holds(); n++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(holds()).toBe(true);
};

const run = (text: string): ChildProcess => {
  const child = spawn(process.execPath, ["--import", "tsx", "-e", text], { cwd: ROOT, stdio: "inherit" });
  children.push(child);
  return child;
};
const codeOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once("exit", (code) => resolve(code)));

describe("a release's command", () => {
  test("a second Ctrl-C ends Terraform first, and leaves no plan", async () => {
    const child = run(releasing(folder));
    const code = codeOf(child);
    await until(() => existsSync(join(stack(), "ready")));
    child.kill("SIGINT");
    await until(() => existsSync(join(folder, "heard")));
    expect(existsSync(join(stack(), "ended"))).toBe(false);
    child.kill("SIGINT");
    expect(await code).toBe(130);
    expect(existsSync(join(stack(), "ended"))).toBe(true);
    expect(plans()).toEqual([]);
  }, 60_000);

  test("and a third one kills a Terraform that does not end", async () => {
    const deaf = STAND_IN.replace(/^trap .*$/m, "trap 'echo asked > asked' INT; echo $$ > pid");
    writeFileSync(join(folder, "terraform"), deaf);
    const child = run(releasing(folder));
    const code = codeOf(child);
    await until(() => existsSync(join(stack(), "ready")));
    child.kill("SIGINT");
    await until(() => existsSync(join(folder, "heard")));
    child.kill("SIGINT");
    await until(() => existsSync(join(stack(), "asked")));
    child.kill("SIGINT");
    expect(await code).toBe(130);
    const pid = Number(readFileSync(join(stack(), "pid"), "utf8"));
    await until(() => !isRunning(pid));
    expect(plans()).toEqual([]);
  }, 60_000);
});

/** A process that has ended and that nobody has asked about yet is none. */
const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : "");
  } catch {
    return false;
  }
};

test("two commands in one folder: neither takes the other's plan, however one of them ends", async () => {
  const first = await planning();
  const [own] = plans();
  rmSync(join(stack(), "ready"));
  const second = run(program(folder));
  await until(() => existsSync(join(stack(), "ready")) && plans().length === 2);
  expect(plans()).toContain(own);
  const over = ended(second);
  second.kill("SIGTERM");
  await over;
  expect(plans()).toEqual([own]);
  removeUnshown(stack());
  expect(plans()).toEqual([own]);
  const done = ended(first);
  first.kill("SIGINT");
  await done;
  expect(plans()).toEqual([]);
}, 60_000);
