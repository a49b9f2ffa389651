/** The status of an environment that has chat alone, so that a test says everything that there is. */
import type { ProductRelease } from "../../model/release";
import type { JournalContent } from "../../release/journal/unfinished";
import type { Site } from "../../release/site";
import { statusOf } from "../../release/status";
import type { ResourceChange } from "../../terraform/plan";
import { siteWith } from "./live";

export const ENTRY: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1.5.2" }, green: null };
export const BOTH: ProductRelease = { ...ENTRY, canary: 10, green: { version: "v1.6.0" } };
const NO_JOURNAL: JournalContent = { entries: [], lines: [], unreadable: [] };

type Options = Parameters<typeof siteWith>[0] & { plan?: () => Promise<ResourceChange[]>; journal?: JournalContent };

export async function statusWith({ plan, journal = NO_JOURNAL, ...options }: Options = {}, drift = plan !== undefined) {
  const site = siteWith({ entry: ENTRY, ...options });
  const alone = {
    ...site,
    release: () => (options.entry === null ? {} : { chat: options.entry ?? ENTRY }),
    terraform: { ...site.terraform, plan: plan ?? site.terraform.plan },
    redact: (text: string) => text.replaceAll("s3cret", "***"),
  };
  return statusOf(alone as unknown as Site, journal, drift);
}
