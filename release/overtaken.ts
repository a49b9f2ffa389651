/**
 * Is a product still what a run left? Somebody else may have rolled back, released or switched since: then the run ends,
 * and says who did what and when, as whatever it would do next rests on what is no longer so.
 */
import { COLOURS, otherColour, type ProductRelease } from "../model/release";
import type { Entry } from "./journal/entry";

/**
 * What others have written down about the product since a run's own last entry, as a sentence.
 * @param own ids of the entries that this process has written for the run
 * @returns undefined: nothing that changed anything
 */
export function overtakenBy(
  { entries }: { readonly entries: readonly Entry[] },
  { run, product, own }: { readonly run: string; readonly product: string; readonly own: ReadonlySet<string> },
): string | undefined {
  const isOwn = (entry: Entry): boolean => own.has(entry.id);
  const last = entries.findLastIndex((entry) => (own.size > 0 ? isOwn(entry) : entry.run === run));
  const since = entries.slice(last + 1).filter((entry) => entry.product === product && !isOwn(entry));
  const [first] = since.filter(changesSomething);
  return first && sentence(first, run);
}

const changesSomething = (entry: Entry): boolean =>
  entry.event === "started" ||
  entry.event === "resumed" ||
  entry.event === "ended" ||
  ((entry.event === "step-done" || entry.event === "step-started" || entry.event === "step-failed") &&
    entry.to !== undefined);

function sentence(entry: Entry, run: string): string {
  const when = `at ${entry.at.slice(0, 16).replace("T", " ")}`;
  switch (entry.event) {
    case "started":
      return `${entry.who} began another release ${when}`;
    case "resumed":
      return `${entry.who} went on with this release ${when}`;
    case "ended":
      return entry.run === run ? `${entry.who} ended this release ${when}` : `${entry.who} ended a release ${when}`;
    case "step-started":
    case "step-done":
    case "step-failed":
      return `${entry.who} did "${entry.step}" ${when}${entry.to ? `, to ${described(entry.to)}` : ""}`;
    default:
      return `${entry.who} was at work ${when}`;
  }
}

/**
 * In what the product differs from what a run left, as a sentence: traffic, and the versions that visitors meet.
 * @param applied what the state says now; undefined where it cannot be told
 * @param left what may be so: what was applied last, and what was just being applied
 */
export function changedSince(
  applied: ProductRelease | undefined,
  left: readonly (ProductRelease | null | undefined)[],
): string | undefined {
  const expected = left.filter((entry): entry is ProductRelease => entry !== null && entry !== undefined);
  if (!applied || expected.length === 0) return undefined;
  if (expected.some((entry) => isSame(applied, entry))) return undefined;
  return `the state says ${described(applied)}, and this run left ${described(expected[0]!)}`;
}

/** The idle set counts where it has visitors: a deploy that is under way changes it. */
const isSame = (a: ProductRelease, b: ProductRelease): boolean =>
  a.live === b.live &&
  a.canary === b.canary &&
  a[a.live]?.version === b[b.live]?.version &&
  (a.canary === 0 || a[otherColour(a.live)]?.version === b[otherColour(b.live)]?.version);

/** "blue v1.5.2 live, green v1.6.0 with 10 %". */
function described(entry: ProductRelease): string {
  const parts = [...COLOURS]
    .sort((a) => (a === entry.live ? -1 : 1))
    .flatMap((colour) => {
      const set = entry[colour];
      if (!set) return [];
      const share = colour === entry.live ? "live" : entry.canary > 0 ? `with ${entry.canary} %` : "without traffic";
      return [`${colour} ${set.version} ${share}`];
    });
  return parts.join(", ");
}
