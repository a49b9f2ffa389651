/** Files of this computer that others may read at any moment. What the file system refuses is thrown as it is. */
import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Writes a file beside its place and renames it, so that no half of it is ever read; what fails leaves nothing there. */
export function writeWhole(path: string, text: string): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, text);
  try {
    renameSync(temporary, path);
  } catch (reason) {
    rmSync(temporary);
    throw reason;
  }
}
