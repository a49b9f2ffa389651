/**
 * Small files beside an environment's state: the releases' journal and the lock of a run. Whoever may work on the state
 * finds them, on any computer, and two who write at a time cannot undo each other's work.
 */

export interface StateFile {
  readonly text: string;
  /** Comes of the text: another one after each change, as long as no text comes back. To be compared, never to be read. */
  readonly version: string;
}

/** Every method throws ProblemsError when the store cannot be asked or refuses. */
export interface StateFiles {
  readonly kind: "s3" | "local";
  /** The state itself, as Terraform names it in its lock: "bucket/manacore/production/terraform.tfstate", or a path. */
  readonly state: string;
  /** Where a file is, for people. */
  place(name: string): string;
  read(name: string): Promise<StateFile | undefined>;
  /** The state itself; undefined: there is none yet. It holds secrets. */
  readState(): Promise<StateFile | undefined>;
  /** @param ifVersion the version that is replaced @returns false: somebody was faster, and nothing was written */
  write(name: string, text: string, options: { readonly ifVersion: string | "absent" }): Promise<boolean>;
  /** When the state itself was written last; undefined: there is none yet. */
  modified(): Promise<Date | undefined>;
  /** @returns false: it is another one by now, or gone */
  remove(name: string, options: { readonly ifVersion: string }): Promise<boolean>;
}
