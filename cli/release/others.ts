/** What somebody else has done to a product while a run was at it, or after it died. */
import type { ProductRelease } from "../../model/release";
import { appliedRelease } from "../../release/applied";
import type { JournalContent } from "../../release/journal/unfinished";
import type { Step } from "../../release/machine";
import { changedSince, overtakenBy } from "../../release/overtaken";
import { productOf } from "../../release/site";
import type { Session } from "./session";

export interface Left {
  readonly run: string;
  /** Ids of the entries that this process has written; none: it goes on with another one's run. */
  readonly own: ReadonlySet<string>;
  /** What the run left, or was just about to bring about. */
  readonly left: readonly (ProductRelease | null | undefined)[];
  readonly step: Step;
}

/** In a sentence; by the record and, where it is not asked every few seconds, by the state too. */
export async function overtaken(
  { site, product, journal }: Session,
  { run, own, left, step }: Left,
): Promise<string | undefined> {
  const others = overtakenBy(await journal.read(), { run, product, own });
  // Nothing is locked in a keep, and it is asked again and again; on the way back seconds count.
  if (others !== undefined || step === "keep" || step === "back") return others;
  return changedSince(appliedRelease(await site.terraform.state(), site.platform, productOf(site, product)), left);
}

/** Has somebody written down that the run is over? */
export const hasEnded = ({ entries }: JournalContent, run: string): boolean =>
  entries.some((entry) => entry.event === "ended" && entry.run === run);
