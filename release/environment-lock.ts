/** The state's lock as a run holds it, and in words who has it otherwise. */
import type { StateFiles } from "../clients/state-store/state-files";
import { type HeldLock, isHeld, StateLock } from "../clients/state-store/state-lock";
import { LockedError, LostLock, type RunLock } from "./surroundings";

/** Held for as long as a command needs it. */
export class EnvironmentLock implements RunLock {
  private readonly lock: StateLock;
  private held: HeldLock | undefined;
  /** It was to be given back, and no answer says whether it was. */
  private inDoubt = false;

  constructor(
    files: StateFiles,
    private readonly purpose: string,
    /** The id of a lock whose holder is dead. */
    private unlock: string | undefined,
  ) {
    this.lock = new StateLock(files, "twinset");
  }

  async hold(): Promise<void> {
    if (this.held && (!this.inDoubt || (await this.held.stillHeld()))) {
      this.inDoubt = false;
      return;
    }
    const acquired = this.unlock
      ? await this.lock.takeOver(this.unlock, this.purpose)
      : await this.lock.acquire(this.purpose);
    this.unlock = undefined;
    if (!isHeld(acquired)) {
      const { who, since, info, id } = acquired.heldBy;
      throw new LockedError(
        [
          `The environment is locked by ${who} since ${since}: ${info}.`,
          `If that run is dead and not just slow, do the same again with --unlock ${id}`,
        ].join("\n"),
      );
    }
    this.held = acquired;
    this.inDoubt = false;
  }

  async mustHold(): Promise<void> {
    if (this.held && !(await this.held.stillHeld())) {
      throw new LostLock("Somebody took the lock from this run; it does nothing more.");
    }
  }

  /** @throws ProblemsError when the store does not answer: then `hold` looks whether it is still there */
  async release(): Promise<void> {
    if (!this.held) return;
    this.inDoubt = true;
    await this.held.release();
    this.held = undefined;
    this.inDoubt = false;
  }
}
