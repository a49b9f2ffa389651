/** Files of this computer that others may read at any moment. What the file system refuses is thrown as it is. */
import { chmodSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { goesWithUs, ownName, removeLeft } from "./own-files";

export interface WriteOptions {
  /** May everybody read it, as what Git has? A file that is there already keeps what it allows. @default false */
  readonly open?: boolean;
}

/**
 * Writes a file beside its place and renames it, so that no half of it is ever read; what fails leaves nothing there, and
 * what is killed on the way is removed by the next one. It is its owner's alone unless it is said to be open.
 */
export function writeWhole(path: string, text: string, { open = false }: WriteOptions = {}): void {
  const temporary = goesWithUs(`${ownName(path)}.new`);
  removeLeft(dirname(path), (name) => name.startsWith(`${basename(path)}.of-`) && name.endsWith(".new"));
  writeFileSync(temporary, text, { mode: 0o600 });
  try {
    if (open) chmodSync(temporary, (statSync(path, { throwIfNoEntry: false })?.mode ?? 0o644) & 0o777);
    renameSync(temporary, path);
  } catch (reason) {
    rmSync(temporary, { force: true });
    throw reason;
  }
}
