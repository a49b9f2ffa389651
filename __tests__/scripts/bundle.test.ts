import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMANDS } from "../../cli/twinset";

const ROOT = join(__dirname, "../..");
const { mayImport } = jest.requireActual<{ mayImport(room: string): string[] }>("../../rooms.cjs");

/** A checkout of its own, as a developer changes it. */
let project: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "twinset-bundle-"));
  const settings = ["tsconfig.json", "package.json", "package-lock.json", "rooms.cjs", "scripts", "bin"];
  for (const name of [...settings, "cli", ...mayImport("cli")]) {
    cpSync(join(ROOT, name), join(project, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(project, "node_modules"));
  mkdirSync(join(project, ".gen"));
  symlinkSync(join(ROOT, ".gen/providers"), join(project, ".gen/providers"));
  copyFileSync(join(ROOT, ".gen/made-from.json"), join(project, ".gen/made-from.json"));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
const run = (args: string[], platform: string, others: Record<string, string> = {}): Ended => {
  const env = { PATH: process.env["PATH"], PLATFORM: platform, CDKTF_OUTDIR: "out", NO_COLOR: "1", ...others };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, env, encoding: "utf8" });
  return { code: status, stdout, stderr };
};
const synth = (platform = "sentineliq"): Ended => run(["scripts/main.cjs"], platform);
const twinset = (args: string[], { node = [] as string[], env = {} } = {}): Ended =>
  run([...node, "bin/twinset.cjs", ...args], "sentineliq", env);
const PLACE = ".gen/bundle";
const files = (): string[] => readdirSync(join(project, PLACE));
const bundles = (of = "main"): string[] => files().filter((name) => name.startsWith(of) && name.endsWith(".cjs"));
/** As if it had been started last so many minutes ago. */
function aged(name: string, minutes: number): void {
  const time = new Date(Date.now() - minutes * 60_000);
  utimesSync(join(project, PLACE, name), time, time);
}
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

  test("is made once, and anew when a source has changed", () => {
    rmSync(join(project, PLACE), { recursive: true, force: true });
    synth();
    const first = bundles();
    expect(first).toHaveLength(1);
    synth();
    expect(bundles()).toEqual(first);
    const before = production();
    // The same length and, for all that anybody knows, the same time.
    changed(
      "config/platforms/sentineliq/index.ts",
      (text) => text.replace('labelPrefix: "', 'labelPrefix: "x'),
      () => synth(),
    );
    expect(bundles()).toHaveLength(2);
    expect(production()).not.toBe(before);
    synth();
    expect(bundles()).toHaveLength(2);
    expect(production()).toBe(before);
  });

  test("what is of older sources goes an hour after it was started last, and nothing else", () => {
    rmSync(join(project, PLACE), { recursive: true, force: true });
    twinset(["environments"]);
    synth();
    const [used] = bundles() as [string];
    const [other] = bundles("twinset") as [string];
    const old = "main-0123456789abcdef.cjs";
    const halves = ["main-0123456789abcdef.cjs.17", "main-0123456789abcdef.cjs.18.map"];
    for (const name of [old, `${old}.map`, ...halves]) writeFileSync(join(project, PLACE, name), "");
    for (const name of [...files(), ...halves]) aged(name, 61);
    synth();
    const make = (name: string): Ended =>
      changed(
        "config/hetzner.ts",
        (text) => `${text}// ${name}\n`,
        () => synth(),
      );
    make("one");
    // Started just now: it may be about to be loaded. That its map is older does not matter.
    expect(files()).toEqual(expect.arrayContaining([used, `${used}.map`, other, `${other}.map`]));
    expect(files().filter((name) => name.startsWith("main-0123"))).toEqual([]);
    aged(used, 61);
    make("two");
    expect(files().filter((name) => name.startsWith(used))).toEqual([]);
    expect(bundles()).toHaveLength(2);
  });

  test.each(["package-lock.json", "tsconfig.json"])("is made anew when %s has changed", (file) => {
    synth();
    const before = bundles().length;
    changed(
      file,
      (text) => `${text}\n`,
      () => synth(),
    );
    expect(bundles()).toHaveLength(before + 1);
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

describe("cli/twinset.ts as one file", () => {
  const SOURCE = "cli/pipeline/environments.ts";
  /** What becomes of a line that is put before what the command does. */
  const doing = (line: string): { ended: Ended; place: string } => {
    const action = /\.action\(\(\) => \{\n/;
    const text = readFileSync(join(project, SOURCE), "utf8");
    expect(text).toMatch(action);
    const above = text.slice(0, text.search(action)).split("\n").length;
    const ended = changed(
      SOURCE,
      () => text.replace(action, (found) => `${found}${line}\n`),
      () => twinset(["environments"]),
    );
    return { ended, place: `${join(project, SOURCE)}:${above + 1}:` };
  };

  test("says the very same as its sources, in each command's help", () => {
    const all = `
      import { COMMANDS, programFor } from "./cli/twinset.ts";
      (async () => {
        const helps = [["--help", (await programFor(["--help"])).helpInformation()]];
        for (const [name] of COMMANDS) helps.push([name, (await programFor([name])).commands[0]!.helpInformation()]);
        console.log(JSON.stringify(helps));
      })();`;
    writeFileSync(join(project, "helps.ts"), all);
    const translated = JSON.parse(run(["--import", "tsx", "helps.ts"], "sentineliq").stdout) as [string, string][];
    expect(translated).toHaveLength(COMMANDS.length + 1);
    for (const [name, stdout] of translated) {
      expect(twinset(name === "--help" ? [name] : [name, "--help"])).toEqual({ code: 0, stdout, stderr: "" });
    }
  });

  test("is made once, and anew when a source of a command has changed", () => {
    const { stdout } = twinset(["environments"]);
    const first = bundles("twinset");
    expect(twinset(["environments"]).stdout).toBe(stdout);
    expect(bundles("twinset")).toEqual(first);
    expect(doing('console.log("changed");').ended).toEqual({ code: 0, stdout: `changed\n${stdout}`, stderr: "" });
    expect(bundles("twinset")).toHaveLength(first.length + 1);
  });

  test("loads what a command needs, and of cdktf and the simulators nothing for one that does not", () => {
    const tell = join(project, "tell.cjs");
    writeFileSync(
      tell,
      `process.on("exit", () => {
        const packages = Object.keys(require.cache).map((file) => /node_modules\\/((@[^/]+\\/)?[^/]+)\\/(?!.*node_modules)/.exec(file)?.[1]);
        console.error(JSON.stringify([...new Set(packages)]));
      });`,
    );
    const loadedBy = (...args: string[]): string[] =>
      JSON.parse(
        twinset(args, { node: ["--require", tell] })
          .stderr.split("\n")
          .at(-2)!,
      ) as string[];
    expect(loadedBy("synth")).toEqual(expect.arrayContaining(["commander", "zod", "cdktf", "@cdktf/provider-docker"]));
    for (const args of [["--help"], ["rollback", "--help"], ["status", "production"], ["env", "production"]]) {
      const loaded = loadedBy(...args);
      expect(loaded).toEqual(expect.arrayContaining(["commander", "zod"]));
      const heavy = ["cdktf", "constructs", "fastify", "ssh2", "esbuild", "tsx", "@cdktf/provider-docker"];
      expect(loaded.filter((name) => heavy.includes(name))).toEqual([]);
    }
  });

  test.each([
    ["an error", 'throw new TypeError("oh", { cause: new Error("why") });'],
    ["a promise that nobody waits for", 'void Promise.reject(new TypeError("oh", { cause: new Error("why") }));'],
    ["an error out of nowhere", 'setTimeout(() => { throw new TypeError("oh", { cause: new Error("why") }); });'],
  ])("%s: exit code 1, with file and line of the source", (_, line) => {
    const { ended, place } = doing(`setTimeout(() => console.log("never"), 2000);${line}`);
    expect(ended.code).toBe(1);
    expect(ended.stdout).not.toContain("never");
    expect(ended.stderr).toMatch(/^TypeError: oh\n {4}at /);
    expect(ended.stderr).toContain("[cause]: Error: why\n");
    expect(ended.stderr.split(place).length - 1).toBeGreaterThanOrEqual(2);
    expect(ended.stderr).not.toContain(PLACE);
  });

  test("an error long after the sources have changed is shown as it is", () => {
    const file = JSON.stringify(join(project, PLACE));
    const gone = `const { readdirSync, rmSync } = require("node:fs"); for (const each of readdirSync(${file})) rmSync(${file} + "/" + each);`;
    const { ended } = doing(`${gone} throw new TypeError("oh");`);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^TypeError: oh\n {4}at .*twinset-[0-9a-f]{16}\.cjs:\d+/);
  });

  test("Ctrl-C is the program's to decide: there is no process around it", async () => {
    const child = spawn(process.execPath, ["bin/twinset.cjs", "simulate", "hetzner", "--port", "0"], { cwd: project });
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
  });

  test("where it cannot be written it is made for this time only", () => {
    const { stdout } = twinset(["environments"]);
    renameSync(join(project, PLACE), join(project, "aside"));
    // Also for root, who may write everywhere.
    writeFileSync(join(project, PLACE), "");
    try {
      expect(twinset(["environments"])).toEqual({ code: 0, stdout, stderr: "" });
      const { ended, place } = doing('throw new TypeError("oh");');
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain(place);
      expect(synth()).toEqual({ code: 0, stdout: "", stderr: "" });
    } finally {
      rmSync(join(project, PLACE));
      renameSync(join(project, "aside"), join(project, PLACE));
    }
  });

  test("before npm ci has made the bindings, the fix is named", () => {
    const stamp = join(project, ".gen/made-from.json");
    renameSync(stamp, `${stamp}.aside`);
    try {
      const stderr = "error: .gen/made-from.json\n  given     it is not there\n";
      expect(twinset(["environments"])).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(stderr) });
      expect(twinset(["environments"]).stderr).toMatch(/\n {2}fix +npm ci\n$/);
    } finally {
      renameSync(`${stamp}.aside`, stamp);
    }
  });

  describe("without esbuild", () => {
    const missing = (): { node: string[] } => {
      const hook = join(project, "no-esbuild.cjs");
      writeFileSync(
        hook,
        `const Module = require("node:module"); const { _load } = Module;
        Module._load = function (name) {
          if (name === "esbuild") throw new Error("Cannot find module 'esbuild'\\nRequire stack: ...");
          return _load.apply(this, arguments);
        };`,
      );
      return { node: ["--require", hook] };
    };

    test("one that is there does", () => {
      const usual = twinset(["environments"]);
      expect(usual.code).toBe(0);
      expect(twinset(["environments"], missing())).toEqual(usual);
    });

    test.each([
      ["not installed", missing, "Cannot find module 'esbuild'"],
      ["installed for another system", () => ({ env: { ESBUILD_BINARY_PATH: "/bin/false" } }), ".+"],
    ])("%s: the fix is named, exit code 1", (_, options, given) => {
      const { code, stdout, stderr } = changed(
        SOURCE,
        (text) => `${text}// ${given}`,
        () => twinset(["environments"], options()),
      );
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(new RegExp(`^error: esbuild\n {2}given +${given}\n {2}expected +.*\n {2}fix +npm ci\n$`));
    });
  });
});
