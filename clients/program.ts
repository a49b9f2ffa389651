/** Programs of this computer, run as children that leave nothing behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { platform as system, tmpdir } from "node:os";
import { join } from "node:path";
import { childBegins } from "./timings";

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Seconds after which the child is killed. @default 300 */
  readonly timeout?: number;
  /** Told each whole line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
  /** Kills the child with all of its own, as `kill -9` does. */
  readonly killed?: AbortSignal;
  /** Are the files that it makes its own alone, whatever it would make them? @default false */
  readonly secret?: boolean;
  /** Asks the child to end by itself, as Ctrl-C does. */
  readonly interrupted?: AbortSignal;
}

export interface Finished {
  /** null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

const running = new Set<ChildProcess>();
/** This process was asked to end: whatever goes on meanwhile begins nothing. */
let ending = false;

/** Terraform starts its plugins as children of its own, so the whole process group has to go. */
export function kill(child: ChildProcess, signal: "SIGKILL" | "SIGINT" = "SIGKILL"): void {
  try {
    if (system() === "win32" || child.pid === undefined) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

export function run(
  binary: string,
  args: readonly string[],
  options: RunOptions & { readonly cwd: string },
): Promise<Finished> {
  const { cwd, env, timeout = 300, onLine, killed, interrupted, secret = false } = options;
  if (ending) return new Promise(() => undefined);
  const ended = childBegins(binary, args);
  return new Promise((resolve, reject) => {
    const child = withMask(secret, () =>
      spawn(binary, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: system() !== "win32" }),
    );
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
    const onKilled = (): void => kill(child);
    const onInterrupted = (): void => kill(child, "SIGINT");
    killed?.addEventListener("abort", onKilled);
    interrupted?.addEventListener("abort", onInterrupted);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      kill(child);
    }, timeout * 1000);
    const done = (finish: () => void): void => {
      clearTimeout(timer);
      killed?.removeEventListener("abort", onKilled);
      interrupted?.removeEventListener("abort", onInterrupted);
      running.delete(child);
      ended();
      finish();
    };
    child.on("error", (reason) => done(() => reject(reason)));
    child.on("close", (code) => done(() => resolve({ code, ...output, timedOut })));
  });
}

/** A child has its parent's mask from the moment it begins, so none of its files is ever open, not even for a moment. */
function withMask<T>(secret: boolean, begin: () => T): T {
  if (!secret) return begin();
  const before = process.umask(0o077);
  try {
    return begin();
  } finally {
    process.umask(before);
  }
}

/** Terraform stops within that, and gives the state's lock back. */
const END_WITHIN_MS = 10_000;

/** Asks all children to end, and ends those that do not; none begins from now on. */
export async function endChildren(within = END_WITHIN_MS): Promise<void> {
  ending = true;
  const all = [...running];
  const ended = all.map((child) => new Promise<void>((resolve) => child.once("close", () => resolve())));
  all.forEach((child) => kill(child, "SIGINT"));
  const timer = setTimeout(killChildren, within);
  await Promise.all(ended);
  clearTimeout(timer);
}

/** Ends all children that run, with theirs. */
export const killChildren = (): void => running.forEach((child) => kill(child));

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

/** Runs a program that may not be there: then it said nothing. */
export async function attempt(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeout = 5,
): Promise<Finished> {
  try {
    return await run(program, args, { env, cwd: "/", timeout });
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EACCES") throw reason;
    return { code: 127, stdout: "", stderr: `${program} not found`, timedOut: false };
  }
}
