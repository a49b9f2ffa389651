/** What a plan destroys and nothing here could bring back. */
import { isPrecious } from "../release/guard";
import type { ResourceChange } from "../terraform/plan";
import { hasMark } from "./attributes";
import { actionOf, goes } from "./parts";

export interface Loss {
  readonly address: string;
  /** As it is called where it is: "manacore-production-redis" at Docker. Undefined: it says none, or it is secret. */
  readonly name?: string;
  /** "volume", "server", "public address", "bucket". */
  readonly what: string;
  /** Is another one made in its place? It begins empty. */
  readonly replaced: boolean;
}

/** Worst first: a volume has what nobody has a second time. */
const WORST = ["volume", "bucket", "server", "public address"];

export const lossesOf = (changes: readonly ResourceChange[]): Loss[] =>
  changes
    .filter((each) => isPrecious(each) && goes(actionOf(each.change)))
    .map((resource): Loss => {
      const { address, type, change } = resource;
      const name = nameOf(resource);
      const of = { address, what: lossWord(type), replaced: actionOf(change) !== "delete" };
      return name === undefined ? of : { ...of, name };
    })
    .sort((a, b) => WORST.indexOf(a.what) - WORST.indexOf(b.what) || (a.address < b.address ? -1 : 1));

const lossWord = (type: string): string =>
  /volume/.test(type) ? "volume" : /bucket/.test(type) ? "bucket" : /server/.test(type) ? "server" : "public address";

/** What it is called at Docker, Hetzner or Cloudflare. */
export function nameOf({ change }: Pick<ResourceChange, "change">): string | undefined {
  const marks = change.before_sensitive;
  const mark = typeof marks === "object" && marks !== null ? (marks as Record<string, unknown>)["name"] : marks;
  const name = change.before?.["name"];
  return typeof name === "string" && name !== "" && !hasMark(mark) ? name : undefined;
}
