/**
 * A run's lock on its environment: the lock of the state itself, for the length of a run.
 *
 * In a bucket it is the very file that Terraform's `s3` backend makes (`use_lockfile`), with what Terraform 1.11 writes
 * into it. So `terraform apply`, `cdktf deploy` and another run are refused with Terraform's own message, which names us,
 * and `terraform force-unlock <id>` takes it from us. Our own Terraform commands run without locking meanwhile.
 *
 * A local state is locked by the operating system (`fcntl`), for as long as a process has the file open: Node cannot do
 * that. There the lock is a file that only Twinset looks at; Terraform's own lock is taken by each command of ours. Two
 * runs exclude each other; a `terraform apply` by hand is refused only while one of our commands runs.
 */
import { randomUUID } from "node:crypto";
import { basename } from "node:path";
import { error, ProblemsError } from "../../model/problem";
import { isGone, whoAmI } from "../process";
import type { StateFiles } from "./state-files";

/** Who has the lock, as the lock itself says it. */
export interface Holder {
  /** For `takeOver` and `terraform force-unlock`. */
  readonly id: string;
  /** "user@computer". */
  readonly who: string;
  /** When it was taken: an ISO time. */
  readonly since: string;
  /** What for. Terraform's own locks say the operation: "OperationTypeApply". */
  readonly info: string;
  /** It was a run on a computer of this one's name, and that process is gone: most likely nobody has it any more. */
  readonly seemsDead: boolean;
}

export interface HeldLock {
  readonly id: string;
  /**
   * Gives it back; once is enough, and more do no harm.
   * @returns false: it was not ours any more
   */
  release(): Promise<boolean>;
  /** Is it still ours, or did somebody take over? @throws ProblemsError when the store cannot be asked */
  stillHeld(): Promise<boolean>;
}

export type Acquired = HeldLock | { readonly heldBy: Holder };

/** Terraform's `statemgr.LockInfo`, in the order in which it writes it. */
interface LockInfo {
  readonly ID: string;
  readonly Operation: string;
  readonly Info: string;
  readonly Who: string;
  readonly Version: string;
  readonly Created: string;
  readonly Path: string;
}

export class StateLock {
  /** Is it the lock that Terraform looks at too? Then our own commands have to run without (`lock: false`). */
  readonly isTerraforms: boolean;
  private readonly name: string;

  /** @param version of whoever locks, for the lock's text: Terraform's there */
  constructor(
    private readonly files: StateFiles,
    private readonly version: string,
    private readonly who: string = whoAmI(),
  ) {
    this.isTerraforms = files.kind === "s3";
    this.name = this.isTerraforms ? `${basename(files.state)}.tflock` : "tfstate.twinset-lock";
  }

  /** Where the lock is, for people. */
  get place(): string {
    return this.files.place(this.name);
  }

  /** @param info what it is for, in one line: "release of chat v1.6.0, run 20261121-0657-3f2a" */
  acquire(info: string): Promise<Acquired> {
    return this.take(info, undefined);
  }

  /**
   * For a person who knows that the holder is dead. Whoever had the lock finds out by `stillHeld`.
   * @param id of the holder that is known to be dead; if another one has the lock, that one keeps it
   */
  takeOver(id: string, info: string): Promise<Acquired> {
    return this.take(info, id);
  }

  /** Who has it, if anyone. */
  async holder(): Promise<Holder | undefined> {
    const file = await this.files.read(this.name);
    return file && holderIn(file.text);
  }

  private async take(info: string, dead: string | undefined): Promise<Acquired> {
    const own = this.lockInfo(info);
    // In between it may be given back, or taken over.
    for (let attempt = 1; attempt <= 5; attempt++) {
      const file = await this.files.read(this.name);
      const holder = file && holderIn(file.text);
      // A local file is this computer's, so a process that is gone is gone.
      const free = !holder || (dead && holder.id === dead) || (this.files.kind === "local" && holder.seemsDead);
      if (!free) return { heldBy: holder };
      const written = await this.files.write(this.name, JSON.stringify(own), { ifVersion: file?.version ?? "absent" });
      if (written) return this.held(own.ID);
    }
    throw new ProblemsError([
      error(this.place, "it changes hands all the time", "one run at a time", "see who is at it, and try again"),
    ]);
  }

  private held(id: string): HeldLock {
    let released: Promise<boolean> | undefined;
    const release = async (): Promise<boolean> => {
      const file = await this.files.read(this.name);
      if (!file || holderIn(file.text).id !== id) return false;
      return this.files.remove(this.name, { ifVersion: file.version });
    };
    return {
      id,
      release: () =>
        (released ??= release().catch((reason: unknown) => {
          released = undefined;
          throw reason;
        })),
      stillHeld: async () => (await this.holder())?.id === id,
    };
  }

  private lockInfo(info: string): LockInfo {
    return {
      ID: randomUUID(),
      Operation: "twinset release",
      Info: `${info.replace(/\s+/g, " ").trim()} (process ${process.pid})`,
      Who: this.who,
      Version: this.version,
      Created: new Date().toISOString(),
      Path: this.files.state,
    };
  }
}

/** Did the lock come to us? */
export const isHeld = (acquired: Acquired): acquired is HeldLock => !("heldBy" in acquired);

/** Whatever is in the file: as long as it is there, Terraform takes the state for locked. */
function holderIn(text: string): Holder {
  let info: Partial<Record<keyof LockInfo, unknown>> = {};
  try {
    info = (JSON.parse(text) ?? {}) as typeof info;
  } catch {
    // A person has to look at it: an id is not known, so nobody can take over.
  }
  const of = (key: keyof LockInfo): string => (typeof info[key] === "string" ? info[key] : "");
  const [, pid] = /\(process (\d+)\)$/.exec(of("Info")) ?? [];
  const computer = of("Who").slice(of("Who").lastIndexOf("@") + 1);
  return {
    id: of("ID"),
    who: of("Who") || "unknown",
    since: of("Created"),
    info: of("Info") || of("Operation") || "the lock cannot be read",
    seemsDead: pid !== undefined && isGone(Number(pid), computer),
  };
}
