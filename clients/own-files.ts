/**
 * Files with secrets that live as long as this process: each has the process in its name, so that it goes when that ends,
 * in whatever way, and what a killed one has left goes when the next one comes; never what another one still uses.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { isGone } from "./process";
import { endChildren } from "./program";

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 8);

/** Other computers' processes are none of ours, though a folder may be shared with them. */
const host = (): string => digest(hostname());

/**
 * When a process began, so that another one with the same number is not taken for it. Digits of a hash, as it is only
 * compared. @returns undefined: nobody says it
 */
function beginning(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The program's name may have spaces and brackets; what is behind it has none.
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return digest(`${readFileSync("/proc/sys/kernel/random/boot_id", "utf8")} ${ticks}`);
  } catch {
    return asked(pid);
  }
}

/** As systems without /proc tell it. */
function asked(pid: number): string | undefined {
  try {
    const began = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", stdio: "pipe" }).trim();
    return began === "" ? undefined : digest(began);
  } catch {
    return undefined;
  }
}

let tag: string | undefined;
const ownTag = (): string => (tag ??= `${process.pid}-${beginning(process.pid) ?? "unknown0"}-${host()}`);

const TAG = /\.of-(\d+)-([0-9a-z]{8})-([0-9a-f]{8})(?:\.new)?$/;

/** The name of this process's own file; no other one has the same. */
export const ownName = (name: string): string => `${name}.of-${ownTag()}`;

/** Is it the file of a process that has certainly ended? */
function isLeft(name: string): boolean {
  const [, pid, began, on] = TAG.exec(name) ?? [];
  if (pid === undefined || on !== host()) return false;
  if (isGone(Number(pid), hostname())) return true;
  const now = beginning(Number(pid));
  return now !== undefined && began !== "unknown0" && now !== began;
}

/** Removes what processes that have ended left in a folder, folders of theirs too. */
export function removeLeft(directory: string, isOurs: (name: string) => boolean = () => true): void {
  for (const name of namesIn(directory)) {
    if (isLeft(name) && isOurs(name)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // What is not there has nothing left in it; what may not be read is somebody else's.
    return [];
  }
}

const own = new Set<string>();
const folders = new Set<string>();

/** Has this process's own files in a folder go when it ends. @param path one of them; it need not be there yet */
export function goesWithUs(path: string): string {
  if (own.size === 0) process.on("exit", removeOwn);
  own.add(path);
  folders.add(dirname(path));
  return path;
}

/** Removes this process's own files, also what somebody has begun beside them. */
export function removeOwn(): void {
  for (const path of own) rmSync(path, { recursive: true, force: true });
  for (const folder of folders) {
    const ours = namesIn(folder).filter((name) => TAG.test(name) && name.includes(`.of-${ownTag()}`));
    for (const name of ours) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * From now on a signal that nobody else listens for ends the children first, so that none writes after us, and gives the
 * state's lock back; then it ends this process as it would have. The same signal once more ends it at once.
 */
export function endCleanly(): void {
  let ends = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    // An apply's or a release's own listener lets come to its end what is under way; it ends the process by itself.
    if (process.listenerCount(signal) > 1 && !ends) return;
    const end = (): void => {
      removeOwn();
      SIGNALS.forEach((each) => process.off(each, onSignal));
      process.kill(process.pid, signal);
    };
    if (ends) return end();
    ends = true;
    void endChildren().finally(end);
  };
  SIGNALS.forEach((signal) => process.on(signal, onSignal));
}
