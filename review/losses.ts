/** What a plan destroys and nothing here could bring back. */
import { isPrecious } from "../release/guard";
import type { ResourceChange } from "../terraform/plan";
import { actionOf, goes } from "./parts";

export interface Loss {
  readonly address: string;
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
    .map(({ address, type, change }) => ({ address, what: lossWord(type), replaced: actionOf(change) !== "delete" }))
    .sort((a, b) => WORST.indexOf(a.what) - WORST.indexOf(b.what) || (a.address < b.address ? -1 : 1));

const lossWord = (type: string): string =>
  /volume/.test(type) ? "volume" : /bucket/.test(type) ? "bucket" : /server/.test(type) ? "server" : "public address";
