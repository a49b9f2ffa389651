/** What releases have left of a product, for who asks whether the release file says so. */
import type { ProductRelease } from "../../model/release";
import type { JournalContent } from "./unfinished";

/** The last thing that was brought about of a product by a release, a rollback or a step by hand. */
export interface Left {
  readonly run: string;
  readonly who: string;
  /** An ISO time. */
  readonly at: string;
  /** The product's entry in the release file as it was written then. */
  readonly entry: ProductRelease;
}

/** @returns undefined: the journal knows of nothing that was done to the product */
export function leftOf({ entries }: JournalContent, product: string): Left | undefined {
  const last = entries.findLast((entry) => entry.product === product && entry.event === "step-done" && entry.to);
  if (last?.event !== "step-done" || !last.to) return undefined;
  const { run, who, at, to } = last;
  return { run, who, at, entry: to };
}
