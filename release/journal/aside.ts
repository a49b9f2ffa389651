/**
 * Entries that could not be written, as the state's store did not answer: kept in a file of this computer until it does. A
 * run that watches its canary, or takes traffic back, waits for no store.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../clients/files";
import { ProblemsError } from "../../model/problem";
import { type Entry, isEntry, parseLine } from "./entry";
import type { Journal } from "./journal";

/** Where they are kept: beside the local states, and ignored by git as those are. */
export interface AsidePlace {
  /** The project's folder. */
  readonly directory: string;
  /** "manacore-production". */
  readonly prefix: string;
  /** Where the journal is, with its store: what was kept for one journal is not written into another. */
  readonly store: string;
}

const beginOf = ({ prefix, store }: AsidePlace): string =>
  `terraform.${prefix}.journal-aside.${createHash("sha256").update(store).digest("hex").slice(0, 8)}.`;

const fileOf = (place: AsidePlace, run: string): string => join(place.directory, `${beginOf(place)}${run}.jsonl`);

/** Entries of one run, in their order. */
export class Aside {
  private entries: Entry[] = [];
  private readonly path: string;

  constructor(place: AsidePlace, run: string) {
    this.path = fileOf(place, run);
  }

  keep(entry: Entry): void {
    this.entries.push(entry);
    writeWhole(this.path, this.entries.map((each) => `${JSON.stringify(each)}\n`).join(""));
  }

  /** Writes them down, the first one first. @throws ProblemsError when the store does not answer; the others stay */
  async write(journal: Journal): Promise<void> {
    while (this.entries.length > 0) {
      await journal.write(this.entries[0]!);
      this.entries.shift();
    }
    rmSync(this.path, { force: true });
  }
}

/**
 * Writes down what earlier runs of this computer had to keep aside.
 * @returns how many entries that were, and files that are still there
 */
export async function writeAsides(
  place: AsidePlace,
  journal: Journal,
): Promise<{ readonly written: number; readonly left: readonly string[] }> {
  const { directory } = place;
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const found = names.filter((name) => name.startsWith(beginOf(place))).sort();
  let written = 0;
  const left: string[] = [];
  for (const name of found) {
    const path = join(directory, name);
    const lines = readFileSync(path, "utf8").split("\n");
    const parsed = lines.filter((line) => line !== "").map(parseLine);
    const entries = parsed.filter(isEntry);
    // What this Twinset cannot read is for the one that wrote it; nothing of it is thrown away.
    if (entries.length < parsed.length) {
      left.push(name);
      continue;
    }
    try {
      for (const entry of entries) {
        await journal.write(entry);
        written += 1;
      }
      rmSync(path, { force: true });
    } catch (reason) {
      if (!(reason instanceof ProblemsError)) throw reason;
      left.push(name);
    }
  }
  return { written, left };
}
