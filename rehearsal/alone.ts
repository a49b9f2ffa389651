/**
 * One rehearsal at a time on a computer: two would take each other's address, names and stand-ins for their own, and the
 * one that ends first would remove what the other one runs on.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { isGone } from "../clients/process";

/** Says which process rehearses. */
export const lockPath = (directory = tmpdir()): string => join(directory, "twinset-rehearsal.pid");

/**
 * Takes the computer for this process' rehearsal.
 * @returns how it is given back, or the id of the process that has it
 */
export function takeComputer(path = lockPath()): (() => void) | number {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code !== "EEXIST") throw reason;
    }
    const other = Number(readFileSync(path, "utf8"));
    if (other > 0 && other !== process.pid && !isGone(other, hostname())) return other;
    // Left by one that was killed.
    rmSync(path, { force: true });
  }
}
