/** The state's lock as a run holds it, and in words who has it otherwise. */
import type { StateFiles } from "../clients/state-store/state-files";
import { type HeldLock, isHeld, StateLock } from "../clients/state-store/state-lock";
import { LockedError, LostLock, type RunLock } from "./surroundings";

/** Held for as long as a command needs it. */
export class EnvironmentLock implements RunLock {
  private readonly lock: StateLock;
  private held: HeldLock | undefined;

  constructor(
    files: StateFiles,
    private readonly purpose: string,
    /** The id of a lock whose holder is dead. */
    private unlock: string | undefined,
  ) {
    this.lock = new StateLock(files, "twinset");
  }

  async hold(): Promise<void> {
    if (this.held) return;
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
  }

  async mustHold(): Promise<void> {
    if (this.held && !(await this.held.stillHeld())) {
      throw new LostLock("Somebody took the lock from this run; it does nothing more.");
    }
  }

  async release(): Promise<void> {
    const held = this.held;
    this.held = undefined;
    await held?.release();
  }
}
