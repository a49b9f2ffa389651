/** `twinset images`: the digests on file against what registries say; on request the files are brought up to date. */
import { Command } from "commander";
import { existsSync, readFileSync } from "node:fs";
import { writeWhole } from "../../clients/files";
import { type Change, changeOf, isAnswered, type Recorded } from "../../clients/registry/changes";
import { resolveNamed } from "../../clients/registry/named";
import { inTurns } from "../../doctor/in-turns";
import type { Platform } from "../../model/platform";
import { error, list, ProblemsError } from "../../model/problem";
import { plainText } from "../../model/safe-text";
import { type DigestsSource, ownSource, releaseSource } from "./digests-source";

export interface ImagesOptions {
  /** Only these images. @default all */
  readonly names?: readonly string[];
  readonly flags: { readonly check?: boolean; readonly update?: boolean; readonly release?: string };
  readonly env: NodeJS.ProcessEnv;
  readonly write?: (line: string) => void;
  /** @default the catalog's */
  readonly platforms?: readonly Platform[];
  /** @default config/images/digests.json */
  readonly file?: string;
}

/** 0: as it should be. 1: something differs, or was left as it was. 2: a mistake, or a registry that gave no answer. */
export const EXIT = { same: 0, differs: 1, unanswered: 2 } as const;

/** @returns one of `EXIT` @throws ProblemsError: a file with mistakes, or no such image */
export async function images(options: ImagesOptions): Promise<number> {
  const { flags, names = [], write = console.log } = options;
  if (flags.check && flags.update) {
    throw new ProblemsError([error("images", "--check and --update", "one of the two", "leave one of them away")]);
  }
  const source = flags.release === undefined ? ownSource(options) : releaseSource(flags.release, options);
  const asked = chosen(source, names);
  const changes = await inTurns(asked, AT_A_TIME, async (image) =>
    changeOf(image, await resolveNamed(image.name, source.login)),
  );
  const unused = names.length > 0 ? [] : source.unused;
  linesOf(changes, unused).forEach((line) => write(line));
  const code = codeOf(changes, unused, flags.check === true || flags.update === true);
  if (!flags.update) return said(code, changes, unused, source, write);
  return update(source, changes, unused, write);
}

/** Docker Hub counts requests of those who have no login. */
const AT_A_TIME = 4;

function chosen({ images: all, path }: DigestsSource, names: readonly string[]): readonly Recorded[] {
  const unknown = names.filter((name) => !all.some((image) => image.name === name));
  if (unknown.length > 0) {
    throw new ProblemsError(
      unknown.map((name) =>
        error("images", name, `an image of ${path}: ${list(all.map((image) => image.name))}`, "correct the name"),
      ),
    );
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

const WORDS: Readonly<Record<Change["kind"], string>> = {
  ...{ same: "same", new: "new", moved: "moved", gone: "gone", refused: "not shown", silent: "no answer" },
};

function linesOf(changes: readonly Change[], unused: readonly Recorded[]): string[] {
  const width = Math.max(...[...changes, ...unused].map(({ name }) => name.length), 0);
  const line = (name: string, word: string, rest: string): string =>
    plainText(`${name.padEnd(width)}  ${word.padEnd(9)}  ${rest}`);
  return [
    ...changes.map((change) => {
      const was = change.digest === undefined ? "" : `; on file: ${change.digest}`;
      if (!("found" in change)) return line(change.name, WORDS[change.kind], `${change.said}${was}`);
      const moved = change.kind === "moved" ? `${change.digest} → ` : "";
      return line(change.name, WORDS[change.kind], `${moved}${change.found}`);
    }),
    ...unused.map(({ name, digest }) => line(name, "unused", `no platform runs it; on file: ${digest}`)),
  ];
}

/** @param strict is a difference a reason to end with another code? */
function codeOf(changes: readonly Change[], unused: readonly Recorded[], strict: boolean): number {
  if (!changes.every(isAnswered)) return EXIT.unanswered;
  const differs = unused.length > 0 || changes.some(({ kind }) => kind !== "same");
  return differs && strict ? EXIT.differs : EXIT.same;
}

function counted(changes: readonly Change[], unused: readonly Recorded[]): string {
  const kinds = (Object.keys(WORDS) as Change["kind"][]).map((kind): [number, string] => [
    changes.filter((change) => change.kind === kind).length,
    WORDS[kind],
  ]);
  const all = [...kinds, [unused.length, "unused"] as const].filter(([number]) => number > 0);
  return all.map(([number, word]) => `${number} ${word}`).join(", ") || "no image";
}

function said(
  code: number,
  changes: readonly Change[],
  unused: readonly Recorded[],
  source: DigestsSource,
  write: (line: string) => void,
): number {
  write(`${source.path}: ${counted(changes, unused)}. Nothing was written.`);
  if (unused.length > 0 || changes.some(source.takes)) write("To write it: --update.");
  return code;
}

/** All or nothing: half of an update would look like the whole of it. */
function update(
  source: DigestsSource,
  changes: readonly Change[],
  unused: readonly Recorded[],
  write: (line: string) => void,
): number {
  const { path, file, text } = source;
  const open = changes.filter((change) => !isAnswered(change)).map(({ name }) => name);
  if (open.length > 0) {
    write(`${path}: ${counted(changes, unused)}. Nothing was written, as nothing is known of ${list(open)}.`);
    write("Run it again, or name the images that are to be looked at.");
    return EXIT.unanswered;
  }
  const taken = changes.filter(source.takes);
  const left = changes.filter((change) => change.kind !== "same" && !source.takes(change));
  if (taken.length > 0 || unused.length > 0) {
    replace(file, path, text, source.updated(changes, unused));
    write(`${path}: written, ${counted(taken, unused)}. Look at what changed (git diff), and have it reviewed.`);
  } else {
    write(`${path}: nothing to write.`);
  }
  left.forEach(({ name, kind }) =>
    write(
      kind === "gone"
        ? `${name} is left as it was: its registry has it no more, so a new host could not pull it by its tag.`
        : `${name} is left as it was: ${source.otherwise}`,
    ),
  );
  return left.length > 0 ? EXIT.differs : EXIT.same;
}

/** @throws ProblemsError: somebody else wrote it meanwhile, or it cannot be written; it is as it was then */
function replace(file: string, path: string, before: string | undefined, after: string): void {
  const now = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  if (now !== before) {
    throw new ProblemsError([
      error(path, "another text than at the start", "a file that nobody else edits", "run it again"),
    ]);
  }
  try {
    writeWhole(file, after);
  } catch (reason) {
    throw new ProblemsError([
      error(path, (reason as Error).message, "a file that can be written", "give the right to it"),
    ]);
  }
}

export const command = new Command("images")
  .description(
    "digests of images: what is on file against what registries say, and what moved; ends with 0: as it should be, 1: something differs, 2: a mistake, or no answer",
  )
  .argument("[names...]", "only these images, e.g. postgres:16-alpine (default: all)")
  .option("--check", "end with 1 when something differs, for nightly runs")
  .option("--update", "write what was found, if every registry has answered")
  .option("--release <environment>", "the services' images in that release file: those without a digest get one")
  .action(async (names: string[], flags: ImagesOptions["flags"]) => {
    process.exitCode = await images({ names, flags, env: process.env });
  });
