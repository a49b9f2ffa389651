/** A step's plan in a few words: for the journal, and for who watches. */
import type { ResourceChange } from "../terraform/plan";
import type { PlanSummary } from "./journal/entry";

/** "docker_container.chat_green_backend-0 create". */
export const describeChange = ({ address, change: { actions } }: ResourceChange): string =>
  `${address} ${actions.join("+")}`;

/** "3 created, 1 replaced". */
export function summary(changes: readonly ResourceChange[]): string {
  const words: readonly (readonly [word: string, fits: (actions: readonly string[]) => boolean])[] = [
    ["created", (actions) => actions.join() === "create"],
    ["replaced", (actions) => actions.length === 2],
    ["changed", (actions) => actions.join() === "update"],
    ["removed", (actions) => actions.join() === "delete"],
  ];
  return words
    .flatMap(([word, fits]) => {
      const count = changes.filter(({ change: { actions } }) => fits(actions)).length;
      return count > 0 ? [`${count} ${word}`] : [];
    })
    .join(", ");
}

/** Counted as Terraform counts: a replacement is one that comes and one that goes. */
export function planSummary(changes: readonly ResourceChange[]): PlanSummary {
  const count = (action: string): number =>
    changes.filter(({ change: { actions } }) => actions.includes(action)).length;
  return { add: count("create"), change: count("update"), destroy: count("delete"), summary: summary(changes) };
}
