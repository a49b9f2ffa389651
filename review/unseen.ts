/** What of a stack no plan shows, against what it was when it was applied last. */
import type { AppliedFacts } from "./applied-facts";
import type { Redact } from "../model/redact";
import { type FactChange, factChanges, type Facts, type FactSummary, summarized } from "./facts";

export interface Unseen {
  /** Since when it was so; or why nobody knows. */
  readonly since: Pick<AppliedFacts, "at" | "who"> | string;
  /** What is otherwise since then, worst first. */
  readonly changes: readonly FactChange[];
  /** All of it. */
  readonly facts: Facts;
  /** A line for each kind of them, where there is nothing to compare it with. */
  readonly summary: readonly FactSummary[];
}

/**
 * @param applied at the last apply, or why that is not known
 * @param hide takes secrets out of a note: an earlier version of this program, or whoever knew fewer, has written it
 */
export function unseenOf(facts: Facts, applied: AppliedFacts | string, hide: Redact): Unseen {
  if (typeof applied === "string") return { since: applied, changes: [], facts, summary: summarized(facts) };
  const { at, who } = applied;
  return { since: { at, who }, changes: factChanges(hidden(applied.facts, hide), facts), facts, summary: [] };
}

const hidden = (facts: Facts, hide: Redact): Facts =>
  Object.fromEntries(Object.entries(facts).map(([fact, text]) => [hide(fact), hide(text)]));
