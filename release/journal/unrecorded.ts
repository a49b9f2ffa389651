/** What releases left and nobody has brought to the branch: by the journal and by the release file's history. */
import { isDeepStrictEqual } from "node:util";
import { committedSince } from "../../clients/git";
import { parseReleaseFile } from "../../config/release-file";
import type { ProductRelease, Release } from "../../model/release";
import { leftOf } from "./left";
import type { JournalContent } from "./unfinished";

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
