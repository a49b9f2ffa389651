/** What came of a step, in words, and what of it is bad. */
import { TerraformError } from "../terraform/working-directory";
import type { PlanSummary } from "./journal/entry";
import type { Event } from "./machine";
import { GuardRefused } from "./guard";
import { LockedError } from "./surroundings";

/** What came of a step, in words. */
export interface Performed {
  readonly event: Event;
  readonly text: readonly string[];
  readonly plan?: PlanSummary;
}

/** Nothing was applied: somebody said no. */
export const isRefusal = (reason: unknown): reason is Error =>
  reason instanceof GuardRefused || reason instanceof LockedError || reason instanceof TerraformError;

/** What the operator has said, in words. */
export const DECISIONS = {
  "go-back": "you said: go back",
  "go-on": "you said: go on",
  stay: "you said: leave it as it is",
} as const;
