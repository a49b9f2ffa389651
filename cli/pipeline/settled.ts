/** `twinset settled`: may the files be deployed, or would that undo a release? */
import { Command } from "commander";
import { isDeepStrictEqual } from "node:util";
import { committedSince } from "../../clients/git";
import { parseReleaseFile } from "../../config/release-file";
import { type EnvironmentName, ENVIRONMENTS } from "../../model/environment-name";
import { formatProblem, list } from "../../model/problem";
import type { ProductRelease, Release } from "../../model/release";
import { leftOf } from "../../release/journal/left";
import { openReleases } from "../../release/journal/open-releases";
import type { JournalContent } from "../../release/journal/unfinished";
import { allProblems } from "../../release/journal/whole";
import { EXIT } from "../shared/exit";
import { environmentNamed } from "../shared/names";
import { openSite, releaseFile } from "../shared/site";

/**
 * May an environment be deployed from the files? Not while a release is under way, nor before what it left has come to the
 * branch that is checked out: the files would undo what the release did. The journal says what was left, and the file's
 * history whether it ever said so: nobody has to be asked, and no pull request can be closed to get past it.
 * @returns 0: yes, 6: no, and why, 2: the journal cannot be read whole, so a release may be under way
 */
export async function settledCommand(
  environment: EnvironmentName,
  env: NodeJS.ProcessEnv,
  write: (line: string) => void = console.log,
): Promise<number> {
  const site = await openSite({ environment, env, lock: false });
  const { platform } = site;
  const known = await site.journal.read();
  const unread = allProblems(platform, known, environment);
  if (unread.length > 0) {
    unread.forEach((problem) => write(formatProblem(problem)));
    return EXIT.mistake;
  }
  const releasing = openReleases(platform, known);
  if (releasing.length > 0) {
    write(`${environment}: a release of ${list(releasing)} has not ended. Go on with it (--resume), or roll back.`);
    return EXIT.locked;
  }
  const { file, path } = releaseFile(platform.name, environment, env);
  const said = await unrecorded({ products: platform.products, journal: known, release: site.release(), file, path });
  if (said.length > 0) {
    said.forEach((line) => write(`${environment}: ${line}`));
    write(`Bring the release file to the branch first: the summary of the release's run says how (docs/pipeline.md).`);
    return EXIT.locked;
  }
  write(`${environment}: no release is under way, and what was released is in its file.`);
  return EXIT.done;
}

/** Computers' clocks differ, and a commit must not seem older than what it tells of. */
const SKEW_MINUTES = 5;

export interface Recorded {
  readonly products: readonly { readonly name: string }[];
  readonly journal: JournalContent;
  /** What is checked out. */
  readonly release: Release;
  /** The release file, and how a person types it. */
  readonly file: string;
  readonly path: string;
}

/**
 * What releases left and the release file has never said since, a line each. What it says, or has said and was changed by
 * people after, is theirs to decide.
 */
export async function unrecorded({ products, journal, release, file, path }: Recorded): Promise<string[]> {
  const lines = products.map(async ({ name }): Promise<string[]> => {
    const left = leftOf(journal, name);
    if (!left || isSame(release[name], left.entry)) return [];
    const since = new Date(Date.parse(left.at) - SKEW_MINUTES * 60_000).toISOString();
    const history = await committedSince(file, since);
    const what = `what ${left.who} did to ${name} (${left.at}, run ${left.run})`;
    if ("unknown" in history) return [`whether ${what} is in its file is not known: ${history.unknown}.`];
    const recorded = history.texts.some((text) => isSame(entryIn(text, path, name), left.entry));
    return recorded ? [] : [`${what} is not in its file yet.`];
  });
  return (await Promise.all(lines)).flat();
}

/** What an earlier version of the file said; nothing where it is none that can be read. */
function entryIn(text: string, path: string, product: string): ProductRelease | undefined {
  try {
    return parseReleaseFile(text, path).release[product];
  } catch {
    return undefined;
  }
}

/** As JSON has it: what is left out and what is undefined are the same. */
const isSame = (a: ProductRelease | undefined, b: ProductRelease): boolean =>
  a !== undefined && isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));

export const command = new Command("settled")
  .description("for workflows: may the files be deployed, or would that undo a release?")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .action(async (name: string) => {
    process.exitCode = await settledCommand(environmentNamed(name, process.env), process.env);
  });
