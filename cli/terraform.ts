/**
 * Runs the real Terraform on synthesized stacks, for `validate` and `plan-dry`: in temporary directories, without the
 * state store, and with an environment that has no credentials in it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { arch, homedir, platform as system, tmpdir } from "node:os";
import { basename, join } from "node:path";
import colours from "picocolors";
import type { LoadedPlatform } from "../config/load";
import { synthesize } from "../main";
import { ENVIRONMENTS, type Environment, type EnvironmentName } from "../model/environment";
import { error, list, ProblemsError } from "../model/problem";

/** 0: every stack passed. 1: a stack is wrong. 2: nothing is known to be wrong, but something could not be checked. */
export const EXIT = { passed: 0, failed: 1, unchecked: 2 } as const;

export interface CheckOptions {
  /** @default "manacore" */
  readonly platform?: string;
  /** @default the command's own choice */
  readonly environments?: readonly string[];
  /** Takes the output, line by line. @default console.log */
  readonly write?: (line: string) => void;
  /** Seconds. Installing takes one; a registry whose name cannot be looked up may hang for minutes. @default 60 */
  readonly initTimeout?: number;
  /** Writes the stacks. @default main.ts's; tests have a small one */
  readonly synthesize?: (env: { readonly PLATFORM: string | undefined }, outdir: string) => LoadedPlatform;
}

/** What came of one stack; `lines` are printed under its name. */
export interface Verdict {
  readonly kind: keyof typeof EXIT;
  /** Follows the verdict's word on the stack's own line. */
  readonly summary: string;
  readonly lines: readonly string[];
  /** Plugins that Terraform needs and could not get. */
  readonly missing?: readonly Plugin[];
}

const verdict = (kind: Verdict["kind"], summary: string, lines: readonly string[]): Verdict => ({
  kind,
  summary,
  lines,
});
export const passed = (summary: string, lines: readonly string[] = []): Verdict => verdict("passed", summary, lines);
export const failed = (lines: readonly string[]): Verdict =>
  verdict("failed", `${lines.length} ${lines.length === 1 ? "problem" : "problems"}`, lines);
export const unchecked = (summary: string, lines: readonly string[] = []): Verdict =>
  verdict("unchecked", summary, lines);

/** The part of cdk.tf.json that is read here. */
export interface StackConfig {
  readonly terraform: {
    readonly required_providers?: Readonly<Record<string, { readonly source: string; readonly version: string }>>;
  };
  readonly variable?: Readonly<Record<string, { readonly type?: string; readonly default?: unknown }>>;
  readonly resource?: Readonly<Record<string, Readonly<Record<string, ResourceConfig>>>>;
}

export interface ResourceConfig {
  readonly for_each?: unknown;
  readonly count?: unknown;
}

/** One stack in a working directory of its own. */
export interface Stack {
  readonly environment: Environment;
  readonly loaded: LoadedPlatform;
  readonly directory: string;
  readonly config: StackConfig;
  readonly terraform: Terraform;
  readonly initTimeout: number;
  /** Runs Terraform there. */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Finished>;
}

/** Looks at one stack whose directory is prepared. */
export type Check = (stack: Stack) => Promise<Verdict>;

/**
 * Synthesizes a platform, runs a check on each of its stacks, prints the verdicts and says with which code to exit.
 * @throws ProblemsError for mistakes in the catalog or the options
 */
export async function checkStacks(
  options: CheckOptions,
  chosen: readonly EnvironmentName[],
  check: Check,
): Promise<number> {
  const write = options.write ?? console.log;
  const terraform = await findTerraform(process.env);
  if (typeof terraform === "string") {
    write(terraform);
    return EXIT.unchecked;
  }
  return withTempDirectory(async (temp) => {
    const loaded = (options.synthesize ?? synthesize)({ PLATFORM: options.platform }, join(temp, "out"));
    write(`${loaded.platform.name}, with ${terraform.version}`);
    const verdicts: Verdict[] = [];
    for (const name of chosen) {
      const stack = prepare(loaded, name, { terraform, temp, initTimeout: options.initTimeout ?? 60 });
      // Asking again for what was not there a moment ago can take a minute per stack.
      const known = verdicts.flatMap((v) => v.missing ?? []);
      const missing = missingPlugins(stack).filter((plugin) => known.some((k) => k.path === plugin.path));
      const result = missing.length > 0 ? withoutPlugins(stack, missingPlugins(stack), []) : await check(stack);
      verdicts.push(result);
      linesOf(name, result).forEach((line) => write(line));
    }
    howToGet(verdicts.flatMap((v) => v.missing ?? [])).forEach((line) => write(line));
    return exitCode(verdicts);
  });
}

/** The environments that were asked for, or the default. @throws ProblemsError for a name that is none */
export function chosenEnvironments(
  asked: readonly string[] | undefined,
  otherwise: readonly EnvironmentName[],
): readonly EnvironmentName[] {
  if (!asked || asked.length === 0) return otherwise;
  const unknown = asked.filter((name) => !ENVIRONMENTS.some((known) => known === name));
  if (unknown.length > 0) {
    throw new ProblemsError(
      unknown.map((name) => error("environment", name, `one of ${list([...ENVIRONMENTS])}`, "correct the name")),
    );
  }
  return ENVIRONMENTS.filter((name) => asked.includes(name));
}

/** A wrong stack counts more than one that could not be checked, and that is never a pass. */
function exitCode(verdicts: readonly Verdict[]): number {
  if (verdicts.some((v) => v.kind === "failed")) return EXIT.failed;
  return verdicts.length === 0 || verdicts.some((v) => v.kind === "unchecked") ? EXIT.unchecked : EXIT.passed;
}

const WIDTH = Math.max(...ENVIRONMENTS.map((name) => name.length)) + 2;

function linesOf(name: EnvironmentName, { kind, summary, lines }: Verdict): string[] {
  const word = { passed: colours.green("ok"), failed: colours.red("wrong"), unchecked: colours.yellow("not checked") };
  return [`${name.padEnd(WIDTH)}${word[kind]}: ${summary}`, ...lines.map((line) => `${" ".repeat(WIDTH)}${line}`)];
}

/** Copies a synthesized stack away from cdktf's output: Terraform writes beside the files that it reads. */
function prepare(
  loaded: LoadedPlatform,
  name: EnvironmentName,
  { terraform, temp, initTimeout }: Pick<Stack, "terraform" | "initTimeout"> & { readonly temp: string },
): Stack {
  const directory = join(temp, name);
  cpSync(join(temp, "out", "stacks", name), directory, { recursive: true });
  const env = { ...childEnvironment(process.env), TF_DATA_DIR: join(temp, `${name}.data`) };
  return {
    environment: loaded.platform.environments[name],
    loaded,
    directory,
    config: JSON.parse(readFileSync(join(directory, "cdk.tf.json"), "utf8")) as StackConfig,
    terraform,
    initTimeout,
    run: (args, options) =>
      run(terraform.binary, args, { ...options, cwd: directory, env: { ...env, ...options?.env } }),
  };
}

/** Resources that the stack's text has, whatever their `for_each` makes of them. */
export const resourceCount = ({ resource }: StackConfig): number =>
  Object.values(resource ?? {}).reduce((sum, named) => sum + Object.keys(named).length, 0);

// The program

export interface Terraform {
  readonly binary: string;
  /** "Terraform v1.11.4" */
  readonly version: string;
  /** Where its plugins come from by default. */
  readonly registry: string;
}

/** Finds the program that `cdktf` would use too. Returns what to tell the user when there is none that runs. */
async function findTerraform(env: NodeJS.ProcessEnv): Promise<Terraform | string> {
  const binary = env["TERRAFORM_BINARY_NAME"] || "terraform";
  // A name that leads to a file on this computer stays out of what is printed.
  const shown = basename(binary);
  try {
    const { code, stdout, stderr } = await run(binary, ["version"], { env: childEnvironment(env), cwd: tmpdir() });
    const version = stdout.split("\n")[0]?.trim();
    if (code !== 0 || !version)
      return `${shown} does not run, so nothing was checked.\n${firstLines(stderr || stdout)}`;
    const registry = version.startsWith("OpenTofu") ? "registry.opentofu.org" : "registry.terraform.io";
    return { binary, version, registry };
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== "ENOENT") throw reason;
    return [
      `${shown} was not found on this computer, so nothing was checked.`,
      "Install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install), or OpenTofu",
      "(https://opentofu.org/docs/intro/install) and set TERRAFORM_BINARY_NAME=tofu.",
    ].join("\n");
  }
}

/** What a child needs to find programs, its plugins and the registry. Tokens of today and of tomorrow stay out. */
const PASSED_ON = new Set([
  ...["PATH", "PATHEXT", "SYSTEMROOT", "HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TMP", "TEMP"],
  ...["LANG", "LC_ALL", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"],
]);

export function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const child = Object.fromEntries(Object.entries(env).filter(([name]) => PASSED_ON.has(name.toUpperCase())));
  // Terraform refuses to start over a configuration file that is named but not there.
  const config = child["TF_CLI_CONFIG_FILE"];
  if (config !== undefined && !existsSync(config)) delete child["TF_CLI_CONFIG_FILE"];
  return {
    ...child,
    CHECKPOINT_DISABLE: "1",
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    // Seconds. A registry that does not answer should not hold a check up for long.
    TF_REGISTRY_CLIENT_TIMEOUT: "10",
  };
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Seconds after which the child is killed. @default 300 */
  readonly timeout?: number;
}

export interface Finished {
  /** null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

const running = new Set<ChildProcess>();

/** Terraform starts its plugins as children of its own, so the whole process group has to go. */
function kill(child: ChildProcess): void {
  try {
    if (system() === "win32" || child.pid === undefined) child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}

function run(
  binary: string,
  args: readonly string[],
  options: RunOptions & { readonly cwd: string },
): Promise<Finished> {
  const { cwd, env, timeout = 300 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: system() !== "win32",
    });
    running.add(child);
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => (output[stream] += text));
    }
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      kill(child);
    }, timeout * 1000);
    const done = (finish: () => void): void => {
      clearTimeout(timer);
      running.delete(child);
      finish();
    };
    child.on("error", (reason) => done(() => reject(reason)));
    child.on("close", (code) => done(() => resolve({ code, ...output, timedOut })));
  });
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Gives a directory that is gone afterwards: also after an error, and after Ctrl-C with all children. */
export async function withTempDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "twinset-"));
  const clean = (): void => {
    SIGNALS.forEach((signal) => process.off(signal, interrupted));
    running.forEach(kill);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  const interrupted = (signal: NodeJS.Signals): void => {
    clean();
    // Without our listener the signal ends this process as it would have.
    process.kill(process.pid, signal);
  };
  SIGNALS.forEach((signal) => process.on(signal, interrupted));
  try {
    return await use(directory);
  } finally {
    clean();
  }
}

// Plugins

/** A provider plugin at the version that a stack asks for. */
export interface Plugin {
  /** "cloudflare/cloudflare" */
  readonly source: string;
  readonly version: string;
  /** "registry.terraform.io/cloudflare/cloudflare" */
  readonly path: string;
}

function missingPlugins({ config, terraform }: Stack): Plugin[] {
  return Object.values(config.terraform.required_providers ?? {})
    .map(({ source, version }): Plugin => {
      const path = source.split("/").length > 2 ? source : `${terraform.registry}/${source}`;
      return { source, version, path };
    })
    .filter((plugin) => !pluginFolders(process.env).some((folder) => isInstalled(folder, plugin)));
}

/** Terraform's words for this computer: "linux_amd64". */
function target(): string {
  const os = system() === "win32" ? "windows" : system();
  const cpu = { x64: "amd64", ia32: "386" }[arch() as string] ?? arch();
  return `${os}_${cpu}`;
}

/** Where Terraform looks for plugins before it asks a registry ("Implied Local Mirror Directories"). */
function pluginFolders(env: NodeJS.ProcessEnv): string[] {
  const home = homedir();
  if (system() === "win32") return [join(env["APPDATA"] ?? home, "terraform.d", "plugins")];
  const shared =
    system() === "darwin"
      ? [join(home, "Library", "Application Support", "io.terraform"), "/Library/Application Support/io.terraform"]
      : [
          env["XDG_DATA_HOME"] ?? join(home, ".local", "share"),
          ...(env["XDG_DATA_DIRS"] ?? "/usr/local/share:/usr/share").split(":"),
        ].map((folder) => join(folder, "terraform"));
  return [join(home, ".terraform.d"), ...shared].map((folder) => join(folder, "plugins"));
}

/** Unpacked or packed, as Terraform itself accepts it. */
function isInstalled(folder: string, { path, version }: Plugin): boolean {
  const at = join(folder, ...path.split("/"));
  const unpacked = join(at, version, target());
  return (existsSync(unpacked) && readdirSync(unpacked).length > 0) || existsSync(join(at, packed({ path, version })));
}

const packed = ({ path, version }: Pick<Plugin, "path" | "version">): string =>
  `terraform-provider-${basename(path)}_${version}_${target()}.zip`;

/** Said once, after all stacks. */
function howToGet(missing: readonly Plugin[]): string[] {
  const plugins = [...new Map(missing.map((plugin) => [plugin.path, plugin])).values()];
  if (plugins.length === 0) return [];
  const folder = system() === "win32" ? "%APPDATA%/terraform.d/plugins" : "~/.terraform.d/plugins";
  return [
    "",
    `Terraform downloads plugins from ${list([...new Set(plugins.map(({ path }) => path.split("/")[0]!))])} where it can reach that.`,
    "Where it cannot, put the release's zip by hand at",
    ...plugins.map((plugin) => `  ${folder}/${plugin.path}/${packed(plugin)}`),
    ...(process.env["TF_PLUGIN_CACHE_DIR"]
      ? ["TF_PLUGIN_CACHE_DIR does not replace that: the registry is asked first."]
      : []),
  ];
}

function withoutPlugins(stack: Stack, missing: readonly Plugin[], reasons: readonly string[]): Verdict {
  const lines = [...missing.map(({ source, version }) => `missing plugin ${source} ${version}`), ...reasons];
  return { ...unchecked(`${nameOf(stack)} could not get its plugins`, lines), missing };
}

const nameOf = ({ terraform }: Stack): string => terraform.version.split(" ")[0]!;

// init

/** How Terraform says that a plugin could not be had, which says nothing about the stack. */
const UNAVAILABLE = /^Failed to (query available provider packages|install provider|resolve provider packages)/;

/** `terraform init`. Returns a verdict only when the check cannot go on. */
export async function init(stack: Stack, ...args: readonly string[]): Promise<Verdict | undefined> {
  const result = await stack.run(["init", "-input=false", "-no-color", ...args], { timeout: stack.initTimeout });
  if (result.code === 0) return undefined;
  const missing = missingPlugins(stack);
  if (result.timedOut) {
    return withoutPlugins(stack, missing, [`${nameOf(stack)} init was stopped after ${stack.initTimeout} s`]);
  }
  const errors = errorsIn(`${result.stdout}\n${result.stderr}`);
  if (errors.length > 0 && errors.every((text) => UNAVAILABLE.test(text))) {
    // Each names its plugin; only the part about why is news beside our own lines.
    const reasons = new Set(errors.map((text) => text.replace(/^.*?provider \S+: /, "")));
    return withoutPlugins(
      stack,
      missing,
      [...reasons].map((reason) => `${nameOf(stack)} says: ${reason}`),
    );
  }
  return failed(errors.length > 0 ? errors : [firstLines(result.stderr || result.stdout)]);
}

/** The errors in a text for terminals, each as one line. */
const errorsIn = (text: string): string[] =>
  text
    .split(/^Error: /m)
    .slice(1)
    .map((part) => oneLine(part.split(/\n\n(?=To see|Run |For )/)[0]!));

const firstLines = (text: string): string => oneLine(text.trim().split("\n").slice(0, 5).join("\n")) || "no message";

const oneLine = (text: string): string => text.trim().replace(/\s+/g, " ");

// What Terraform says in JSON

/** One message of `validate -json` or `plan -json`. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail?: string;
  readonly address?: string;
  readonly range?: { readonly filename: string; readonly start: { readonly line: number } };
  readonly snippet?: { readonly context?: string | null };
}

/** A plugin that does not start, e.g. one for another kind of computer: nothing is known about the stack then. */
const UNUSABLE =
  /^(Failed to (load plugin schemas|obtain provider schema|instantiate provider)|Missing required provider)/;

/** What a run's messages come to: a verdict when there is an error, else nothing. */
export function verdictOf(diagnostics: readonly Diagnostic[]): Verdict | undefined {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return undefined;
  const lines = errors.map(describe);
  return errors.every(({ summary }) => UNUSABLE.test(summary))
    ? unchecked("a plugin does not start", lines)
    : failed(lines);
}

/** "docker_container.chat_blue_backend-0: Incorrect attribute value type. Inappropriate value for …" */
function describe({ summary, detail, address, range, snippet }: Diagnostic): string {
  const place =
    address ?? snippet?.context?.replace(/^resource\./, "") ?? (range && `${range.filename}:${range.start.line}`);
  const text = detail ? `${summary.replace(/\.$/, "")}. ${detail}` : summary;
  return oneLine(place ? `${place}: ${text}` : text);
}

/** The verdict on a run that printed nothing that can be read. */
export function unreadable(stack: Stack, command: string, result: Finished): Verdict {
  if (result.timedOut) return unchecked(`${nameOf(stack)} ${command} took too long and was stopped`);
  return unchecked(`${nameOf(stack)} ${command} failed`, [firstLines(result.stderr || result.stdout)]);
}
