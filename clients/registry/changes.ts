/** What registries say of images against the digests that are on file, as data: nothing is written or printed here. */
import { DIGEST } from "../../model/image-version";
import type { Resolved } from "./digest";

export interface Recorded {
  /** With its tag: "postgres:16-alpine". */
  readonly name: string;
  /** What is on file. */
  readonly digest: string | undefined;
}

/**
 * - `new`: it has a digest, and none is on file; `moved`: another one than on file
 * - `gone`: the registry has no such image; what is on file may be there still, under its digest
 * - `refused`, `silent`: it does not say
 */
export type Change = Recorded &
  (
    | { readonly kind: "same" | "new" | "moved"; readonly found: string }
    | { readonly kind: "gone" | "refused" | "silent"; readonly said: string }
  );

const PROBLEMS = { absent: "gone", refused: "refused", unreachable: "silent" } as const;

export function changeOf(recorded: Recorded, resolved: Resolved): Change {
  if ("problem" in resolved) return { ...recorded, kind: PROBLEMS[resolved.problem], said: resolved.said };
  const { digest: found } = resolved;
  // What is no digest is not to be put on file, whoever said it.
  if (!DIGEST.test(found)) return { ...recorded, kind: "silent", said: "an answer that is no digest" };
  if (recorded.digest === undefined) return { ...recorded, kind: "new", found };
  return { ...recorded, kind: recorded.digest === found ? "same" : "moved", found };
}

/** Has the registry answered? Whoever is not told cannot know that nothing moved. */
export const isAnswered = ({ kind }: Change): boolean => kind !== "refused" && kind !== "silent";
