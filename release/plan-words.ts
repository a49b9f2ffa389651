/** A step's plan in a few words: for the journal, and for who watches. */
import { isDeepStrictEqual } from "node:util";
import { plainText } from "../model/safe-text";
import type { ResourceChange } from "../terraform/plan";
import { switchAddress } from "./guard";
import type { PlanSummary } from "./journal/entry";

/** "docker_container.chat_green_backend-0 create". */
export const describeChange = ({ address, change: { actions } }: ResourceChange): string =>
  plainText(`${address} ${actions.join("+")}`);

/** "3 created, 1 replaced". */
export function summary(changes: readonly ResourceChange[]): string {
  const words: readonly (readonly [word: string, fits: (actions: readonly string[]) => boolean])[] = [
    ["created", (actions) => actions.join() === "create"],
    ["replaced", (actions) => actions.length === 2],
    ["changed", (actions) => actions.join() === "update"],
    ["removed", (actions) => actions.join() === "delete"],
    ["left to itself", (actions) => actions.join() === "forget"],
  ];
  return words
    .flatMap(([word, fits]) => {
      const count = changes.filter(({ change: { actions } }) => fits(actions)).length;
      return count > 0 ? [`${count} ${word}`] : [];
    })
    .join(", ");
}

/**
 * Is the switch the only change, and is it to put the very routing into force that the edge has been given for these sets
 * before? Then nothing but the shares of the visitors differs.
 */
export function movesOnly(changes: readonly ResourceChange[], product: string): boolean {
  const [only, ...others] = changes;
  const { before, after } = only?.change ?? {};
  const known = before?.["upload"];
  return (
    others.length === 0 &&
    only?.address === switchAddress(product) &&
    known !== undefined &&
    isDeepStrictEqual(known, after?.["upload"])
  );
}

/** Counted as Terraform counts: a replacement is one that comes and one that goes. */
export function planSummary(changes: readonly ResourceChange[]): PlanSummary {
  const count = (action: string): number =>
    changes.filter(({ change: { actions } }) => actions.includes(action)).length;
  return { add: count("create"), change: count("update"), destroy: count("delete"), summary: summary(changes) };
}
