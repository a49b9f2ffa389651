/** Finds Terraform (or OpenTofu) on this computer and runs it, and other programs, as children that leave nothing behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { platform as system, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { firstLines } from "./output";

export interface Terraform {
  readonly binary: string;
  /** "Terraform v1.11.4" */
  readonly version: string;
  /** Where its plugins come from by default. */
  readonly registry: string;
}

/** Finds the program that `cdktf` would use too. Returns what to tell the user when there is none that runs. */
export async function findTerraform(env: NodeJS.ProcessEnv): Promise<Terraform | string> {
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
  return {
    ...usable(child),
    CHECKPOINT_DISABLE: "1",
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    // Seconds. A registry that does not answer should not hold a check up for long.
    TF_REGISTRY_CLIENT_TIMEOUT: "10",
  };
}

/** Terraform refuses to start over a configuration file that is named but not there, or warns at every call. */
export function usable(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { TF_CLI_CONFIG_FILE: config, ...rest } = env;
  return config === undefined || existsSync(config) ? env : rest;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Seconds after which the child is killed. @default 300 */
  readonly timeout?: number;
  /** Told each whole line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
  /** Kills the child with all of its own, as `kill -9` does. */
  readonly killed?: AbortSignal;
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
export function kill(child: ChildProcess): void {
  try {
    if (system() === "win32" || child.pid === undefined) child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}

export function run(
  binary: string,
  args: readonly string[],
  options: RunOptions & { readonly cwd: string },
): Promise<Finished> {
  const { cwd, env, timeout = 300, onLine, killed } = options;
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
    let rest = "";
    child.stdout.on("data", (text: string) => {
      if (!onLine) return;
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      lines.forEach(onLine);
    });
    killed?.addEventListener("abort", () => kill(child));
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

/** Ends all children that run, with theirs. */
export const killChildren = (): void => running.forEach(kill);

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Gives a directory that is gone afterwards: also after an error, and after Ctrl-C with all children. */
export async function withTempDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "twinset-"));
  const clean = (): void => {
    SIGNALS.forEach((signal) => process.off(signal, interrupted));
    killChildren();
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
