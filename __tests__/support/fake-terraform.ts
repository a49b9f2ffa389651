/** A `terraform` for tests: it plays back what a test tells it to, and records how it was called. */
import { jest } from "@jest/globals";
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
import os, { arch, platform, tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** What the fake does for one command. */
export interface Play {
  readonly code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** Never ends by itself. */
  readonly hang?: boolean;
  /** For `show`: other actions than "create", by address. */
  readonly actions?: Readonly<Record<string, readonly string[]>>;
  /** For `show`: what a resource becomes, by address. @default nothing is said about it */
  readonly after?: Readonly<Record<string, object>>;
}

/**
 * Keys are commands ("init"), commands of one stack ("init staging"), which come before those, or a command with all of
 * its arguments ("show -json"), which comes first.
 */
export type Script = Readonly<Record<string, Play>>;

export interface Call {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly pid: number;
  /** Small files of its working directory at that moment. */
  readonly files: Readonly<Record<string, string>>;
}

/** Plain Node without imports of ours, as it runs as a program of its own; a saved plan is a zip. */
const PROGRAM = `#!/usr/bin/env node
const fs = require("node:fs");
const path = require("node:path");
const { strToU8, zipSync } = require(${JSON.stringify(require.resolve("fflate"))});
const args = process.argv.slice(2);
const stack = path.basename(process.cwd());
const script = JSON.parse(fs.readFileSync(path.join(__dirname, "script.json"), "utf8"));
const files = Object.fromEntries(
  fs.readdirSync(process.cwd(), { withFileTypes: true })
    .filter((entry) => entry.isFile() && /override|tfvars/.test(entry.name))
    .map(({ name }) => [name, fs.readFileSync(name, "utf8")]),
);
const call = { args, env: process.env, directory: process.cwd(), pid: process.pid, files };
fs.appendFileSync(path.join(__dirname, "calls.jsonl"), JSON.stringify(call) + "\\n");

function savedPlan() {
  const text = fs.existsSync("cdk.tf.json") ? fs.readFileSync("cdk.tf.json", "utf8") : "{}";
  return zipSync({ "tfplan": strToU8(process.pid + " " + process.hrtime()), "tfconfig/m-/cdk.tf.json": strToU8(text) });
}

function plan(actions, after) {
  const { resource } = JSON.parse(fs.readFileSync("cdk.tf.json", "utf8"));
  const changes = Object.entries(resource).flatMap(([type, named]) =>
    Object.keys(named).map((name) => {
      const address = type + "." + name;
      return { address, mode: "managed", type, name, change: { actions: actions[address] ?? ["create"], after: after[address] } };
    }),
  );
  return { resource_changes: changes, variables: { ssh_public_keys: { value: { ops: "key" } } } };
}

const usual = {
  version: () => "Terraform v1.11.4\\non linux_amd64\\n",
  validate: () => JSON.stringify({ valid: true, diagnostics: [] }),
  show: ({ actions, after }) => JSON.stringify(plan(actions ?? {}, after ?? {})),
};
const play = script[args.join(" ")] ?? script[args[0] + " " + stack] ?? script[args[0]] ?? {};
if (play.hang) setInterval(() => {}, 1000);
else {
  process.stdout.write(play.stdout ?? usual[args[0]]?.(play) ?? "");
  process.stderr.write(play.stderr ?? "");
  process.exitCode = play.code ?? 0;
  // A plan is another one each time, as Terraform's are, and has the text of its stack in it.
  const out = args.find((arg) => arg.startsWith("-out="));
  if (out && !play.code) fs.writeFileSync(out.slice("-out=".length), savedPlan());
}
`;

export class FakeTerraform {
  private readonly root = mkdtempSync(join(tmpdir(), "fake-terraform-"));
  private readonly before = { ...process.env };
  readonly home = join(this.root, "home");
  readonly temp = join(this.root, "temp");
  private readonly bin = join(this.root, "bin");

  /** Puts itself first on PATH; home folder and directory for temporary files become its own. */
  constructor(script: Script = {}) {
    for (const folder of [this.home, this.temp, this.bin]) mkdirSync(folder);
    const program = join(this.bin, "terraform");
    writeFileSync(program, PROGRAM);
    chmodSync(program, 0o755);
    this.plays(script);
    Object.assign(process.env, {
      PATH: `${this.bin}${delimiter}${process.env["PATH"]}`,
      HOME: this.home,
      TMPDIR: this.temp,
      XDG_DATA_HOME: join(this.home, "data"),
      XDG_DATA_DIRS: join(this.home, "share"),
    });
    // Jest's process.env is a copy, which Node's own functions do not see.
    jest.spyOn(os, "homedir").mockReturnValue(this.home);
    jest.spyOn(os, "tmpdir").mockReturnValue(this.temp);
    for (const name of ["TERRAFORM_BINARY_NAME", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"]) delete process.env[name];
  }

  plays(script: Script): void {
    writeFileSync(join(this.bin, "script.json"), JSON.stringify(script));
  }

  /** All calls, or those of one command. */
  calls(command?: string): Call[] {
    const log = join(this.bin, "calls.jsonl");
    if (!existsSync(log)) return [];
    const calls = readFileSync(log, "utf8").trim().split("\n");
    return calls.map((line) => JSON.parse(line) as Call).filter(({ args }) => !command || args[0] === command);
  }

  /** Installs a plugin, unpacked or packed. */
  install(source: string, version: string, form: "unpacked" | "packed" = "unpacked"): void {
    const name = source.split("/")[1]!;
    const target = `${platform() === "win32" ? "windows" : platform()}_${arch() === "x64" ? "amd64" : arch()}`;
    const at = join(this.home, ".terraform.d", "plugins", "registry.terraform.io", source);
    const folder = form === "unpacked" ? join(at, version, target) : at;
    mkdirSync(folder, { recursive: true });
    const file = form === "unpacked" ? `_v${version}` : `_${version}_${target}.zip`;
    writeFileSync(join(folder, `terraform-provider-${name}${file}`), "");
  }

  /** What a command left behind; should be nothing. */
  leftovers(): string[] {
    return readdirSync(this.temp).filter((name) => name.startsWith("twinset-"));
  }

  remove(): void {
    jest.restoreAllMocks();
    for (const name of Object.keys(process.env)) if (!(name in this.before)) delete process.env[name];
    Object.assign(process.env, this.before);
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** How Terraform 1.11 reports a registry that cannot be reached, with its line breaks. */
export const UNREACHABLE = `
Error: Failed to query available provider packages

Could not retrieve the list of available versions for provider
cloudflare/cloudflare: could not connect to registry.terraform.io: failed to
request discovery document: no such host

To see which modules are currently depending on cloudflare/cloudflare and
what versions are specified, run the following command:
    terraform providers
`;

/** Is there such a process, and is it more than an entry that waits for its parent? */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, "utf8"));
}
