import type { Platform } from "../../model/platform";
import { type JournalContent, unfinished } from "./unfinished";

/** Products whose latest release has not ended. */
export const openReleases = (platform: Pick<Platform, "products">, journal: JournalContent): string[] =>
  platform.products.map(({ name }) => name).filter((name) => unfinished(journal, name));
