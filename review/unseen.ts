/** What of a stack no plan shows, against what it was when it was applied last. */
import type { AppliedFacts } from "./applied-facts";
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

/** @param applied at the last apply, or why that is not known */
export function unseenOf(facts: Facts, applied: AppliedFacts | string): Unseen {
  if (typeof applied === "string") return { since: applied, changes: [], facts, summary: summarized(facts) };
  const { at, who } = applied;
  return { since: { at, who }, changes: factChanges(applied.facts, facts), facts, summary: [] };
}
