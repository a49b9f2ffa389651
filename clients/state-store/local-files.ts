/** Files beside a state that is a file in the project's folder. */
import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { error, ProblemsError } from "../../model/problem";
import { isGone } from "../process";
import type { StateFile, StateFiles } from "./state-files";

/**
 * A file appears whole or not at all: it is written under another name and then linked or renamed. Who wants to replace
 * or remove a version first claims it, by a file that only one can make. The claim says which process has it, as one that
 * was killed will never finish: then the next number may be claimed. A version never comes back (what is written here has
 * an id in it), so a claim that comes too late finds another version and is given up.
 */
export class LocalFiles implements StateFiles {
  readonly kind = "local";

  /** @param state the state's path */
  constructor(readonly state: string) {}

  place(name: string): string {
    return join(dirname(this.state), `${basename(this.state, "tfstate")}${name}`);
  }

  async read(name: string): Promise<StateFile | undefined> {
    const path = this.place(name);
    return told(path, () => current(path));
  }

  async readState(): Promise<StateFile | undefined> {
    return told(this.state, () => current(this.state));
  }

  async write(name: string, text: string, { ifVersion }: { ifVersion: string | "absent" }): Promise<boolean> {
    const path = this.place(name);
    return told(path, () => {
      const temporary = written(path, text);
      try {
        if (ifVersion === "absent") return linked(temporary, path);
        return withClaim(path, ifVersion, () => renameSync(temporary, path));
      } finally {
        rmSync(temporary, { force: true });
      }
    });
  }

  async modified(): Promise<Date | undefined> {
    return told(this.state, () => timeOf(this.state));
  }

  async remove(name: string, { ifVersion }: { ifVersion: string }): Promise<boolean> {
    const path = this.place(name);
    return told(path, () => withClaim(path, ifVersion, () => rmSync(path)));
  }
}

/** Not by `throwIfNoEntry`: since Node 24 that is silent also where a folder on the way is none. */
function timeOf(path: string): Date | undefined {
  try {
    return statSync(path).mtime;
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw reason;
  }
}

function current(path: string): StateFile | undefined {
  try {
    const bytes = readFileSync(path);
    return { text: bytes.toString("utf8"), version: createHash("sha256").update(bytes).digest("hex") };
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw reason;
  }
}

/** Nothing in here waits, so that within one process nobody else comes between. */
function withClaim(path: string, version: string, work: () => void): boolean {
  const claims: string[] = [];
  const temporary = written(path, `${process.pid}@${hostname()}`);
  try {
    for (let mine = false; !mine;) {
      const claim = `${path}.${version.slice(0, 16)}.claim-${claims.length + 1}`;
      mine = linked(temporary, claim);
      if (!mine && !isDead(current(claim)?.text)) return false;
      claims.push(claim);
    }
  } finally {
    rmSync(temporary, { force: true });
  }
  try {
    if (current(path)?.version !== version) return false;
    work();
  } finally {
    rmSync(claims.pop()!, { force: true });
  }
  // The version is history now, and so are the claims of those who died over it.
  for (const claim of claims) rmSync(claim, { force: true });
  return true;
}

/** A claim that is gone was somebody's who has finished: not dead. */
function isDead(owner: string | undefined): boolean {
  const [, pid, host] = /^(\d+)@(.*)$/.exec(owner ?? "") ?? [];
  // This process' own number was another one's before, as this one is not in the middle of a claim.
  return pid !== undefined && ((Number(pid) === process.pid && host === hostname()) || isGone(Number(pid), host!));
}

/** @returns a new file beside the other one, safely on the disk */
function written(path: string, text: string): string {
  const temporary = `${path}.${randomUUID()}.new`;
  const file = openSync(temporary, "wx", 0o600);
  try {
    for (let rest = Buffer.from(text); rest.length > 0;) rest = rest.subarray(writeSync(file, rest));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return temporary;
}

/** @returns false: there is such a file */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw reason;
  }
}

/** What the file system refuses, as a problem. */
function told<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    if (code === undefined) throw reason;
    const fix =
      { EACCES: "let yourself write there", EROFS: "use a disk that can be written to", ENOSPC: "make room" }[code] ??
      "look at the folder, and do the same again";
    throw new ProblemsError([error(path, code, "a file beside the state that can be read and written", fix)]);
  }
}
