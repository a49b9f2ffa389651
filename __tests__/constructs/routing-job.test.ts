/** The script that switches traffic, really run, with an edge that serves what it is told to. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { synthStack } from "../support/synth";
import { MANACORE } from "../support/platforms";

const [, SCRIPT] = synthStack(MANACORE).container("chat_switch_job")["command"] as string[];
const [, SETTINGS] = synthStack(MANACORE).container("edge-settings")["command"] as string[];

let root: string;
const routing = (file: string): string => join(root, "routing", file);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "routing-"));
  for (const folder of ["routing", "next", "bin"]) mkdirSync(join(root, folder));
  for (const file of ["chat.yml", "settings.yml"]) writeFileSync(join(root, "next", file), '{"new": "@REVISION@"}\n');
});
afterEach(() => rmSync(root, { recursive: true }));

/** @param wget what the edge does when it is asked: lines of shell that see $revision */
function run(script: string, wget: string): { code: number | null; said: string } {
  writeFileSync(
    join(root, "bin", "wget"),
    `#!/bin/sh\nrevision=$(sha256sum ${root}/next/chat.yml | cut -c1-12)\n${wget}\n`,
  );
  chmodSync(join(root, "bin", "wget"), 0o755);
  const local = script
    .replaceAll("/routing", join(root, "routing"))
    .replaceAll("/next", join(root, "next"))
    // The edge's patience is of no interest here.
    .replace(/\+ 30\)\)/, "+ 0))");
  const { status, stdout, stderr } = spawnSync("sh", ["-ec", local], {
    env: { PATH: `${join(root, "bin")}:${process.env["PATH"]}`, HOSTNAME: "job" },
    encoding: "utf8",
  });
  return { code: status, said: stdout + stderr };
}

const SERVES = 'echo "X-Twinset-Revision: $revision" >&2';
const SERVES_ANOTHER = 'echo "X-Twinset-Revision: 000000000000" >&2';

describe("a switch", () => {
  test("puts the file in place, with its own revision in it, and leaves nothing else", () => {
    writeFileSync(routing("chat.yml"), '{"old": true}');
    const { code, said } = run(SCRIPT!, SERVES);
    expect(said).toMatch(/the edge serves revision [0-9a-f]{12} of chat\.yml/);
    expect(code).toBe(0);
    expect(readFileSync(routing("chat.yml"), "utf8")).toMatch(/^\{"new": "[0-9a-f]{12}"\}$/m);
    expect(readdirSync(join(root, "routing"))).toEqual(["chat.yml"]);
  });

  test("that the edge never serves puts the former file back and fails", () => {
    writeFileSync(routing("chat.yml"), '{"old": true}');
    const { code, said } = run(SCRIPT!, SERVES_ANOTHER);
    expect(said).toContain("the former routing of chat is back");
    expect(code).toBe(1);
    expect(readFileSync(routing("chat.yml"), "utf8")).toBe('{"old": true}');
  });

  test("that the edge never serves, and that is the first, leaves no file", () => {
    expect(run(SCRIPT!, SERVES_ANOTHER).code).toBe(1);
    expect(existsSync(routing("chat.yml"))).toBe(false);
  });

  test("that was left by a killed Terraform does not take back what the next run's job has written", () => {
    writeFileSync(routing("chat.yml"), '{"old": true}');
    const { code, said } = run(SCRIPT!, `echo '{"later": true}' > ${routing("chat.yml")}; ${SERVES_ANOTHER}`);
    expect(said).toContain("another job has changed the routing of chat since");
    expect(code).toBe(1);
    expect(readFileSync(routing("chat.yml"), "utf8")).toBe('{"later": true}\n');
  });
});

test("the settings' job takes away files of products that are gone, and no others", () => {
  for (const file of ["chat.yml", "gone.yml", ".chat.yml.other.old"]) writeFileSync(routing(file), "{}");
  expect(run(SETTINGS!, SERVES).code).toBe(0);
  expect(readdirSync(join(root, "routing")).sort()).toEqual([".chat.yml.other.old", "chat.yml", "settings.yml"]);
});
