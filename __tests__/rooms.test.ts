/** The house's own rule: what `npm run lint` refuses is refused. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { LONG_FILES, mayImport, ROOMS } from "../rooms.cjs";

const ROOT = join(__dirname, "..");

describe("the rooms", () => {
  test("each is there, and each folder with sources is one", () => {
    const hasSources = (folder: string): boolean =>
      readdirSync(join(ROOT, folder), { recursive: true }).some((name) => String(name).endsWith(".ts"));
    const folders = readdirSync(ROOT, { withFileTypes: true })
      .filter(
        (entry) => entry.isDirectory() && !/^(\.|node_modules$|coverage$|cdktf\.out$|__tests__$)/.test(entry.name),
      )
      .map(({ name }) => name)
      .filter(hasSources);
    expect(
      Object.keys(ROOMS)
        .filter((room) => room !== "main.ts")
        .sort(),
    ).toEqual(folders.sort());
    expect(existsSync(join(ROOT, "main.ts"))).toBe(true);
  });

  test("none is built on itself, by whatever way; a room above may import all that its own may", () => {
    for (const room of Object.keys(ROOMS)) {
      expect(mayImport(room)).not.toContain(room);
      for (const below of mayImport(room)) {
        expect(mayImport(room)).toEqual(expect.arrayContaining(mayImport(below)));
      }
    }
  });

  test("no arrow says what others say already", () => {
    for (const [room, { on }] of Object.entries(ROOMS)) {
      for (const other of on) {
        const byOthers = on.filter((each) => each !== other).flatMap(mayImport);
        expect({ room, other, byOthers: byOthers.includes(other) }).toEqual({ room, other, byOthers: false });
      }
    }
  });

  test("a long file has its reason", () => {
    for (const [file, why] of Object.entries(LONG_FILES)) {
      expect(existsSync(join(ROOT, file))).toBe(true);
      expect(why).not.toBe("");
    }
  });
});

const bin = (name: string): string => join(ROOT, "node_modules/.bin", name);

describe("ESLint refuses", () => {
  const lint = (file: string, text: string): string[] => {
    const { stdout } = spawnSync(bin("eslint"), ["--stdin", "--stdin-filename", file, "--format", "json"], {
      cwd: ROOT,
      input: text,
      encoding: "utf8",
    });
    const [{ messages }] = JSON.parse(stdout) as [{ messages: { ruleId: string; message: string }[] }];
    return messages.map(({ ruleId, message }) => `${ruleId}: ${message}`);
  };
  const UP = "clients may import model (rooms.cjs)";

  test("an import that runs up, however it is written and however deep, and none that runs down", () => {
    const text = [
      'import { task } from "../../release/machine";',
      'import type { Run } from "../../release/machine";',
      'export { task as other } from "../../main";',
      'export const later = () => import("../../cli/twinset");',
      'import { list } from "../../model/problem";',
      'import { serve } from "../registry/digest";',
      "export const all = [task, list, serve] as unknown as Run;",
    ].join("\n");
    const found = lint("clients/hetzner/example.ts", text).filter((line) => line.includes("rooms.cjs"));
    expect(found).toHaveLength(4);
    expect(found.filter((line) => line.startsWith("no-restricted-imports"))).toHaveLength(3);
    for (const line of found) expect(line).toContain(UP);
  });

  test("a folder of another room's name is no such room", () => {
    const text = 'import { x } from "../images/stand-ins";\nexport const y = x;\n';
    expect(lint("rehearsal/drills/example.ts", text)).toEqual([]);
  });

  test("the environment outside of the command line, and time at synth", () => {
    expect(lint("release/example.ts", 'export const x = process.env["X"];\n').join()).toMatch(/read the environment/);
    expect(lint("cli/shared/example.ts", 'export const x = process.env["X"];\n')).toEqual([]);
    expect(lint("model/example.ts", "export const x = Date.now();\n").join()).toMatch(/gives the same each time/);
  });

  test("a file of 401 lines, but not of 400, and not among the tests", () => {
    const lines = (count: number): string => "export {};\n".repeat(count);
    expect(lint("model/example.ts", lines(400))).toEqual([]);
    expect(lint("model/example.ts", lines(401))).toEqual([expect.stringMatching(/^max-lines: .*401/)]);
    expect(lint("__tests__/model/example.test.ts", lines(401))).toEqual([]);
  });
});

describe("dependency-cruiser refuses", () => {
  let project: string;
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), "twinset-rooms-"));
    writeFileSync(join(project, "tsconfig.json"), "{}");
  });
  afterAll(() => rmSync(project, { recursive: true }));

  const cruise = (files: Readonly<Record<string, string>>): string[] => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(project, name)), { recursive: true });
      writeFileSync(join(project, name), text);
    }
    const config = join(ROOT, ".dependency-cruiser.cjs");
    const { stdout } = spawnSync(bin("depcruise"), ["--config", config, "--output-type", "json", "."], {
      cwd: project,
      encoding: "utf8",
    });
    for (const name of Object.keys(files)) rmSync(join(project, name));
    const { summary } = JSON.parse(stdout) as {
      summary: { violations: { from: string; to: string; rule: { name: string } }[] };
    };
    return summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`).sort();
  };

  test("a circle of types", () => {
    expect(
      cruise({
        "model/a.ts": 'import type { B } from "./b";\nexport type A = B | 1;\n',
        "model/b.ts": 'import type { A } from "./a";\nexport type B = A | 2;\n',
      }),
    ).toEqual(["no-circle: model/a.ts -> model/b.ts"]);
  });

  test("an import that runs up by import(), by a type or by passing on", () => {
    expect(
      cruise({
        "clients/a.ts":
          'export const a = () => import("../cli/c");\nexport type B = import("../release/b").B;\nexport { d } from "../doctor/d";\n',
        "cli/c.ts": "export const c = 1;\n",
        "release/b.ts": "export type B = 1;\n",
        "doctor/d.ts": "export const d = 1;\n",
      }),
    ).toEqual([
      "beneath-clients: clients/a.ts -> cli/c.ts",
      "beneath-clients: clients/a.ts -> doctor/d.ts",
      "beneath-clients: clients/a.ts -> release/b.ts",
    ]);
  });

  test("nothing that runs down", () => {
    expect(
      cruise({
        "cli/a.ts": 'import { b } from "../release/b";\nimport { c } from "../model/c";\nexport const a = [b, c];\n',
        "release/b.ts": 'import { c } from "../model/c";\nexport const b = c;\n',
        "model/c.ts": "export const c = 1;\n",
      }),
    ).toEqual([]);
  });
});
