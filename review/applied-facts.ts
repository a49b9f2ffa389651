/**
 * What the stack said besides its plan when it was applied last: kept beside the state, since neither the state nor any plan
 * has it. Who applies past Twinset leaves it as it was, and the next review says more than has changed, not less.
 */
import { z } from "zod";
import type { StateFiles } from "../clients/state-store/state-files";
import { whoAmI } from "../clients/process";
import type { Redact } from "../model/redact";
import type { PlanSource } from "../terraform/plan-source";
import { configurationOf } from "./configuration";
import { type Facts, factsOf } from "./facts";

const NAME = "configuration.json";

const appliedSchema = z.object({
  /** RFC 3339. */
  at: z.string(),
  who: z.string(),
  facts: z.record(z.string(), z.string()),
});

export interface AppliedFacts {
  readonly at: string;
  readonly who: string;
  readonly facts: Facts;
}

/** @returns undefined: nothing was applied since this is kept, or it cannot be read @throws ProblemsError: the store does not answer */
export async function appliedFacts(files: StateFiles): Promise<AppliedFacts | undefined> {
  const found = await files.read(NAME);
  if (!found) return undefined;
  try {
    return appliedSchema.parse(JSON.parse(found.text));
  } catch {
    // Of another version of this program: a summary is shown in its place.
    return undefined;
  }
}

/**
 * @param hide takes out what is secret: the next review shows all of it
 * @throws ProblemsError: the store does not take it
 */
export async function keepAppliedFacts(files: StateFiles, source: PlanSource, hide: Redact): Promise<void> {
  const applied: AppliedFacts = {
    at: new Date().toISOString(),
    who: whoAmI(),
    facts: factsOf(configurationOf(source), hide),
  };
  const before = await files.read(NAME);
  // Whoever was faster has applied later, and says so.
  await files.write(NAME, `${JSON.stringify(applied, undefined, 2)}\n`, { ifVersion: before?.version ?? "absent" });
}
